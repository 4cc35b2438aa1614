import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnyEnvelope, EnvelopeOf, LogLine, MetricValue } from '@minvar/contracts';
import { exampleEnvelopes } from '@minvar/contracts';
import { createFolderStore, createLmdbEventLog, createPublisher, readLargeFrom } from '@minvar/service-kit';
import type { EventLog, LmdbEventLog } from '@minvar/service-kit';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createReadModel } from '../read-model';
import { partitionKey } from '../position';
import type { ReadModel, ReadModelOptions } from '../read-model';
import { histories } from './histories';

export type DatabaseOption = ReadModelOptions['database'];

/** Read models of one test, on one log and one database. */
export interface Workbench {
  readonly home: string;
  readonly log: LmdbEventLog;
  readonly notices: string[];
  start(options?: Partial<ReadModelOptions>): Promise<ReadModel>;
  stop(model: ReadModel): Promise<void>;
  /** An empty database from the next start on. */
  fresh(): Promise<void>;
  /** The log once more, as time has passed and retention has cut it. */
  age(days: number): Promise<void>;
  close(): Promise<void>;
}

/** `databaseIn`: the database of one test; a folder is there for what it keeps */
export async function openWorkbench(databaseIn: (home: string) => Promise<DatabaseOption>): Promise<Workbench> {
  const home = await mkdtemp(join(tmpdir(), 'minvar-read-model-'));
  const dir = join(home, 'log');
  let log = await createLmdbEventLog({ dir });
  let database = await databaseIn(home);
  const notices: string[] = [];
  const opened: ReadModel[] = [];
  return {
    home,
    notices,
    get log() {
      return log;
    },
    async start(options = {}) {
      const model = createReadModel({ database, log, onNotice: (m) => notices.push(m), ...options });
      opened.push(model);
      await model.start();
      return model;
    },
    async stop(model) {
      opened.splice(opened.indexOf(model), 1);
      await model.stop();
    },
    async fresh() {
      database = await databaseIn(home);
    },
    async age(days) {
      await log.close();
      log = await createLmdbEventLog({ dir, now: () => Date.now() + days * 24 * 3600 * 1000 });
      await log.prune();
    },
    async close() {
      for (const model of opened.splice(0)) await model.stop();
      await log.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

export const history = (seed: number, atLeast: number): AnyEnvelope[] =>
  fc.sample(histories, { seed, numRuns: 50 }).find((h) => h.length >= atLeast)!;
export async function publishTo(log: EventLog, model: ReadModel | null, events: readonly AnyEnvelope[]): Promise<void> {
  // Parts of one moment each, as services append them.
  for (let i = 0; i < events.length; i += 7) {
    const positions = await createPublisher(log).publish(...events.slice(i, i + 7));
    await model?.reached(positions);
  }
}

/** What a read model promises, on every database. `databaseIn`: an empty one for one test. */
export const readModelContract = (databaseIn: (home: string) => Promise<DatabaseOption>): void => {
  let bench: Workbench;
  const start: Workbench['start'] = (options) => bench.start(options);
  const publish = (model: ReadModel | null, events: readonly AnyEnvelope[]) => publishTo(bench.log, model, events);
  beforeEach(async () => void (bench = await openWorkbench(databaseIn)), 60_000);
  afterEach(() => bench.close());

  it('folds commands and answers questions in the middle of a flood of points', async () => {
    const model = await start();
    const example = exampleEnvelopes.find((e) => e.type === 'run.metricPoints')! as EnvelopeOf<'run.metricPoints'>;
    const { runId } = example.data;
    const points = Array.from({ length: 1000 }, (_, step) => ({ ...example.data.points[0]!, step }));
    const flood = Array.from({ length: 60 }, (_, i) => ({
      ...example,
      id: `flood:${i}`,
      data: { runId, points: points.map((p) => ({ ...p, step: p.step + 1000 * i })) },
    }));
    const positions = await createPublisher(bench.log).publish(...flood);
    const { topic, partition } = positions[0]!;
    const folded = () => model.position().get(partitionKey(topic, partition)) ?? 0;
    while (folded() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const create = exampleEnvelopes.find((e) => e.type === 'run.create')! as EnvelopeOf<'run.create'>;
    await model.reached(await createPublisher(bench.log).publish(create));
    expect(await model.queries.runsByIds([create.data.runId])).toHaveLength(1);
    expect(folded()).toBeLessThan(flood.length);
    await model.reached(positions, 120_000);
    const report = await model.rebuild();
    expect(report.after).toBe(report.before);
  });

  it('folded live equals its rebuild, and goes on after it', async () => {
    const [first, second] = [history(1, 60), history(2, 40)];
    const model = await start();
    expect(model.ready()).toBe(true);
    await publish(model, first);
    const live = await model.hash();
    const report = await model.rebuild();
    expect(report.before).toBe(live);
    expect(report.after).toBe(live);
    expect(report.events).toBeGreaterThan(30);
    const before = await model.hash();
    await publish(
      model,
      second.map((e) => ({ ...e, id: `later:${e.id}` })),
    );
    expect(await model.hash()).not.toBe(before);
    const again = await model.rebuild();
    expect(again.after).toBe(again.before);
  });

  it('goes on after a restart where it was, and equals a fold from the beginning', async () => {
    const events = history(3, 80);
    const model = await start();
    await publish(model, events.slice(0, 50));
    await bench.stop(model);
    await publish(null, events.slice(50));
    const next = await start();
    expect(bench.notices).toEqual([]);
    const { before, after } = await next.rebuild();
    expect(before).toBe(after);
  });

  it('moves a message that cannot be read to the dead letters, and on', async () => {
    const model = await start();
    const topic = 'minvar.run.events.v1';
    await bench.log.append([{ topic, key: 'run_x', headers: { ce_type: 'run.queued' }, value: Buffer.from('{') }]);
    await publish(model, history(5, 30));
    const [dead] = await bench.log.end(['minvar.gateway.dead']);
    expect(dead!.offset).toBe(1);
    const { before, after } = await model.rebuild();
    expect(before).toBe(after);
  });

  it('folds measurements that lie in the object store: waits while it is away, passes over what is damaged, and rebuilds the same', async () => {
    const store = await createFolderStore({ dir: join(bench.home, 'objects') });
    const example = exampleEnvelopes.find((e) => e.type === 'analysis.completed')! as EnvelopeOf<'analysis.completed'>;
    const { runId } = example.data;
    const [row] = example.data.metrics as MetricValue[];
    const measured = (id: string, value: number) => ({
      ...example,
      id,
      data: { ...example.data, metrics: Array.from({ length: 3000 }, (_, epoch) => ({ ...row!, epoch, value })) },
    });
    let away = true;
    const inStore = readLargeFrom(store);
    const model = await start({
      objects: { readLarge: (at) => (away ? Promise.reject(new Error('ECONNREFUSED')) : inStore(at)) },
    });
    const publisher = createPublisher(bench.log, store);
    const positions = await publisher.publish(measured('first', 0.25));
    while (!bench.notices.join().includes('ECONNREFUSED')) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(model.ready()).toBe(false);
    away = false;
    await model.reached(positions);
    const values = async () => (await model.queries.metricsByRuns([runId])).map((m) => m.value);
    expect(await values()).toEqual(Array.from({ length: 3000 }, () => 0.25));
    const before = new Set<string>();
    for await (const { key } of store.list('blobs/')) before.add(key);
    away = true;
    const later = await publisher.publish(measured('second', 0.5));
    for await (const { key } of store.list('blobs/')) if (!before.has(key)) await store.put(key, Buffer.from('[]'));
    away = false;
    await model.reached(later);
    expect((await bench.log.end(['minvar.gateway.dead']))[0]!.offset).toBe(1);
    expect((await values())[0]).toBe(0.25);
    const report = await model.rebuild();
    expect(report.after).toBe(report.before);
    expect((await values()).length).toBe(3000);
    away = true;
    await expect(model.rebuild()).rejects.toThrow('ECONNREFUSED');
    expect(await model.hash()).toBe(report.after);
    await store.close();
  });

  it('has curves and log lines from the store once their topics have been cut', async () => {
    const events = history(6, 60);
    const model = await start();
    await publish(model, events);
    const hash = await model.hash();
    const runs = (
      await model.queries.runs({ filter: {}, order: 'createdAt', descending: false, after: null, first: 200 })
    ).rows;
    const tails = (model: ReadModel) =>
      model.queries.logTails(
        runs.map((r) => r.id),
        10_000,
      );
    const logs = (await tails(model)).map((l) => [l.run_id, l.at, l.text]);
    expect(logs.length).toBeGreaterThan(3);
    const chunks = new Map<string, { term: number; points: never[] }[]>();
    const lines = new Map<string, LogLine[]>();
    for (const e of events) {
      if (e.type === 'run.logLines')
        lines.set(e.data.runId, [
          ...(lines.get(e.data.runId) ?? []).filter((l) => !e.data.lines.some((m) => m.at === l.at)),
          ...e.data.lines,
        ]);
      if (e.type !== 'run.metricPoints') continue;
      chunks.set(e.data.runId, [
        ...(chunks.get(e.data.runId) ?? []),
        { term: e.term ?? 0, points: e.data.points as never[] },
      ]);
    }
    await bench.stop(model);
    await bench.fresh();
    await bench.age(8);
    expect((await bench.log.begin(['minvar.run.metrics.v1'])).some((p) => p.offset > 0)).toBe(true);
    const restored = await start({
      objects: {
        readChunks: async (runId) => chunks.get(runId) ?? [],
        readLog: async (runId) => lines.get(runId) ?? [],
      },
    });
    expect(await restored.hash()).toBe(hash);
    expect((await tails(restored)).map((l) => [l.run_id, l.at, l.text])).toEqual(logs);
    const { before, after } = await restored.rebuild();
    expect(after).toBe(before);
    expect((await tails(restored)).map((l) => [l.run_id, l.at, l.text])).toEqual(logs);
  });
};
