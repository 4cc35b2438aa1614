import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLmdbEventLog } from '@minvar/service-kit';
import type { LmdbEventLog } from '@minvar/service-kit';
import { until } from '@minvar/service-kit/testing';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { topics } from './consumers';
import { ReadModelUnavailableError } from './database/unavailable';
import { createReadModel } from './read-model';
import type { ReadModel } from './read-model';
import { dropDatabase, noPostgres, ownDatabase } from './testing/own-database';
import { history, publishTo } from './testing/read-model-contract';

const server = process.env['MINVAR_POSTGRES_URL'];

describe('several gateways on one PostgreSQL', { timeout: 120_000 }, () => {
  if (!server) return void it('share it', (context) => context.skip(noPostgres));
  let dir: string;
  let log: LmdbEventLog;
  let own: Awaited<ReturnType<typeof ownDatabase>>;
  let notices: string[];
  const opened: ReadModel[] = [];
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'minvar-gateways-'));
    log = await createLmdbEventLog({ dir });
    own = await ownDatabase(server);
    notices = [];
  }, 60_000);
  afterEach(async () => {
    for (const model of opened.splice(0)) await model.stop();
    await log.close();
    await own.drop();
    await rm(dir, { recursive: true, force: true });
  });

  async function start(url = own.url, on = log): Promise<ReadModel> {
    const model = createReadModel({
      database: { kind: 'postgres', url },
      log: on,
      onNotice: (m) => notices.push(m),
    });
    opened.push(model);
    await model.start();
    return model;
  }
  async function stop(model: ReadModel): Promise<void> {
    opened.splice(opened.indexOf(model), 1);
    await model.stop();
  }
  async function ask<R>(sql: string, url = own.url): Promise<R[]> {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query(sql)).rows as R[];
    } finally {
      await client.end();
    }
  }
  const generations = () =>
    ask<{ name: string; state: string }>('select name, state from minvar.generations order by name');

  it('that start at the same moment make one generation, fold it together and all know how far it is', async () => {
    const models = await Promise.all([start(), start(), start()]);
    const events = history(11, 60);
    // Some of them handle nothing: they hear it from the others.
    await publishTo(log, null, events);
    const ends = (await log.end(topics)).filter((p) => p.offset > 0).map((p) => ({ ...p, offset: p.offset - 1 }));
    for (const model of models) await model.reached(ends, 30_000);
    expect(await generations()).toHaveLength(1);
    const hashes = await Promise.all(models.map((m) => m.hash()));
    expect(new Set(hashes).size).toBe(1);
    expect(models[1]!.position()).toEqual(models[0]!.position());
    expect(models.every((m) => m.ready())).toBe(true);
  });

  it('rebuild beside what goes on: one of them at a time, all go over to the new generation, and the old one goes away', async () => {
    const [a, b] = [await start(), await start()];
    await publishTo(log, a, history(12, 60));
    const more = history(13, 80).map((e) => ({ ...e, id: `more:${e.id}` }));
    const [x, y] = await Promise.allSettled([a.rebuild(), b.rebuild(), publishTo(log, null, more)]);
    const done = x.status === 'fulfilled' ? x.value : y.status === 'fulfilled' ? y.value : null;
    const refused: unknown = x.status === 'rejected' ? x.reason : y.status === 'rejected' ? y.reason : null;
    expect(done!.after).toBe(done!.before);
    expect(refused).toBeInstanceOf(ReadModelUnavailableError);
    expect((refused as Error).message).toContain('another gateway is rebuilding it');
    await publishTo(
      log,
      b,
      history(14, 20).map((e) => ({ ...e, id: `last:${e.id}` })),
    );
    await until(
      async () => (await generations()).length === 1,
      () => JSON.stringify(notices),
    );
    expect((await generations())[0]!.state).toBe('current');
    await until(async () => (await a.hash()) === (await b.hash()));
    const again = await b.rebuild();
    expect(again.after).toBe(again.before);
    const schemas = () => ask("select 1 from information_schema.schemata where schema_name like 'generation%'");
    await until(async () => (await schemas()).length === 1);
  });

  it('tell each other what a change was about', async () => {
    const [a, b] = [await start(), await start()];
    const told = [new Set<string>(), new Set<string>()];
    [a, b].forEach((m, i) => m.onChange(({ subjects }) => subjects.forEach((s) => told[i]!.add(s))));
    const events = history(15, 30);
    await publishTo(log, a, events);
    await b.reached([], 1000);
    await until(() => told.every((t) => events.every((e) => t.has(e.subject))));
  });

  it('give one of two who reserve a key at the same moment the say', async () => {
    const [a, b] = [await start(), await start()];
    for (let i = 0; i < 20; i++) {
      const of = (entity_id: string) => ({
        key: `k${i}`,
        mutation: 'runExperiment',
        arguments_hash: entity_id,
        entity_id,
      });
      const [x, y] = await Promise.all([a.queries.reserve(of('a')), b.queries.reserve(of('b'))]);
      expect(x.reservation).toEqual(y.reservation);
      expect([x.isDurable, y.isDurable]).toEqual([false, false]);
    }
    // It outlives a rebuild, and is free again once it is given back.
    await a.rebuild();
    const again = await b.queries.reserve({ key: 'k0', mutation: 'm', arguments_hash: 'c', entity_id: 'c' });
    expect(again.reservation.entity_id).not.toBe('c');
    await a.queries.release('k0');
    const free = await b.queries.reserve({ key: 'k0', mutation: 'm', arguments_hash: 'c', entity_id: 'c' });
    expect(free.reservation.entity_id).toBe('c');
  });

  it('go on when the server has ended every connection', async () => {
    const [a, b] = [await start(), await start()];
    const events = history(16, 60);
    await publishTo(log, a, events.slice(0, 30));
    await ask(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    await publishTo(log, null, events.slice(30));
    await until(
      () => a.ready() && b.ready(),
      () => notices.join('\n'),
    );
    const last = (await log.end([...new Set([...a.position().keys()].map((k) => k.slice(0, k.lastIndexOf('/'))))]))
      .filter((p) => p.offset > 0)
      .map((p) => ({ ...p, offset: p.offset - 1 }));
    for (const m of [a, b]) await m.reached(last, 30_000);
    const report = await a.rebuild();
    expect(report.after).toBe(report.before);
  });

  it('fold again what a database restored from a backup lacks, although the group had read on', async () => {
    const events = history(17, 60);
    const first = await start();
    await publishTo(log, first, events.slice(0, 30));
    await stop(first);
    const backup = `${new URL(own.url).pathname.slice(1)}_backup`;
    await ask(`create database ${backup} template ${new URL(own.url).pathname.slice(1)}`, server);
    try {
      const second = await start();
      await publishTo(log, second, events.slice(30));
      const hash = await second.hash();
      await stop(second);
      const url = new URL(own.url);
      url.pathname = `/${backup}`;
      const restored = await start(url.href);
      expect(await restored.hash()).toBe(hash);
      await stop(restored);
    } finally {
      await dropDatabase(server, backup);
    }
  });

  it('fold from the beginning when the tables are of another log', async () => {
    const first = await start();
    await publishTo(log, first, history(18, 60));
    await stop(first);
    const otherDir = await mkdtemp(join(tmpdir(), 'minvar-gateways-'));
    const other = await createLmdbEventLog({ dir: otherDir });
    try {
      const model = await start(own.url, other);
      expect(notices.join()).toContain('they belong to another one');
      const events = history(19, 30);
      await publishTo(other, model, events);
      const report = await model.rebuild();
      expect(report.after).toBe(report.before);
      // The first gateway's connections end some time after it has stopped.
      await until(async () => (await generations()).length === 1);
      await stop(model);
    } finally {
      await other.close();
      await rm(otherDir, { recursive: true, force: true });
    }
  });

  it('leave alone the generation of another version that was used of late, and drop one that was not for long', async () => {
    const first = await start();
    await stop(first);
    await ask("update minvar.generations set shape = '0000-older'");
    const [older] = await generations();
    const second = await start();
    expect((await generations()).map((g) => g.name)).toContain(older!.name);
    await ask(`update minvar.generations set used_at = now() - interval '3 days' where name = '${older!.name}'`);
    await second.rebuild();
    expect((await generations()).map((g) => g.name)).not.toContain(older!.name);
  });

  it('are told at once what waiting does not mend', async () => {
    const url = new URL(own.url);
    url.password = 'wrong';
    await expect(start(url.href)).rejects.toThrow('password authentication failed');
    url.href = own.url;
    url.pathname = '/no_such_database';
    await expect(start(url.href)).rejects.toThrow('no_such_database');
  });
});
