import { experimentIdOf, localProject } from '@minvar/contracts';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import { until } from '@minvar/service-kit/testing';
import { createGateway } from '../gateway';
import {
  claimed,
  exampleOf,
  lines,
  makeMnist,
  mnistIngest,
  points,
  progress,
  queued,
  runWithSeed,
  said,
  started,
  succeeded,
} from '../testing/events';
import { openLaboratory } from '../testing/laboratory';
import type { Laboratory } from '../testing/laboratory';

let lab: Laboratory;
let versionId: string;
beforeAll(async () => {
  lab = await openLaboratory();
  const { event, manifest } = await makeMnist(lab.store);
  versionId = manifest.versionId;
  await lab.say(event);
}, 120_000);
afterAll(() => lab.close());

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Event = any;

/** A subscription over a real socket; `stop` cuts the connection. */
function subscribe(query: string, variables: Record<string, unknown> = {}, url = lab.url) {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    lazy: false,
    onNonLazyError: () => undefined,
  });
  const events: Event[] = [];
  const errors: Event[] = [];
  let isDone = false;
  client.subscribe(
    { query, variables },
    {
      next: (r) => (r.errors ? errors.push(...r.errors) : events.push(Object.values(r.data as object)[0])),
      error: (e) => errors.push(...(Array.isArray(e) ? e : [e])),
      complete: () => (isDone = true),
    },
  );
  return {
    events,
    errors,
    isDone: () => isDone || errors.length > 0,
    atLeast: (n: number) =>
      until(
        () => events.length >= n || errors.length > 0,
        () => `${events.length} of ${n} events, ${JSON.stringify(errors)}`,
      ),
    stop: () => void client.terminate(),
  };
}
const cursorNow = async (): Promise<string> => (await lab.ask('{ cursor }')).data.cursor;

const pointsQuery =
  'subscription ($ids: [ID!]!, $after: String, $metrics: [String!]) { metricPoints(runIds: $ids, after: $after, metrics: $metrics) { cursor runId metric steps values nonFinite } }';
const runQuery =
  'subscription ($id: ID, $experiment: String, $after: String) { runUpdated(id: $id, experiment: $experiment, after: $after) { cursor run { id state attempt progress dataset { name } } } }';

describe('subscriptions', () => {
  it('follow a run through its states as they come', async () => {
    const r = runWithSeed(1);
    await lab.say(queued(r, versionId));
    const s = subscribe(runQuery, { id: r.runId, after: await cursorNow() });
    await lab.say(claimed(r));
    await s.atLeast(1);
    await lab.say(started(r), progress(r, 5));
    await s.atLeast(3);
    await lab.say(succeeded(r));
    await s.atLeast(4);
    expect(s.events.map((e) => e.run.state)).toEqual(expect.arrayContaining(['CLAIMED', 'RUNNING', 'SUCCEEDED']));
    expect(s.events.at(-1).run).toMatchObject({ state: 'SUCCEEDED', progress: 1, dataset: { name: 'mnist' } });
    s.stop();
  });

  it('show every state again from an old cursor, whatever the run is by now', async () => {
    const r = runWithSeed(2);
    const after = await cursorNow();
    await lab.say(queued(r, versionId), claimed(r), started(r), succeeded(r));
    const s = subscribe(runQuery, { id: r.runId, after });
    await s.atLeast(4);
    expect(s.events.map((e) => e.run.state)).toEqual(['QUEUED', 'CLAIMED', 'RUNNING', 'SUCCEEDED']);
    s.stop();
  });

  it('cut off anywhere and taken up again miss no point and bring none twice', async () => {
    const runs = [runWithSeed(10), runWithSeed(11), runWithSeed(12)];
    const ids = runs.map((r) => r.runId);
    const after = await cursorNow();
    await lab.say(...runs.map((r) => queued(r, versionId)));
    const uncut = subscribe(pointsQuery, { ids, after });
    const batch = (k: number) =>
      runs.flatMap((r) => [
        said(
          'run.metricPoints',
          r.runId,
          {
            runId: r.runId,
            points: ['error', 'loss', 'activation-variance'].flatMap((metric) =>
              [0, 1].map((i) => ({
                metric,
                variant: null,
                split: 'test',
                class: null,
                group: null,
                step: k * 2 + i,
                value: k + i / 2,
                nonFinite: null,
              })),
            ),
          },
          1,
        ),
      ]);
    const got: Event[] = [];
    let cursor: string | null = after;
    for (let k = 0; k < 12; k++) {
      const s = subscribe(pointsQuery, { ids, after: cursor });
      await lab.say(...batch(k));
      // Cut in the middle of what one record brought: an odd number of messages on.
      await s.atLeast(1 + (k % 3));
      s.stop();
      const taken = s.events.slice(0, 1 + (k % 3));
      got.push(...taken);
      cursor = taken.at(-1)?.cursor ?? cursor;
    }
    const rest = subscribe(pointsQuery, { ids, after: cursor });
    const total = 12 * runs.length * 3;
    await rest.atLeast(total - got.length);
    await uncut.atLeast(total);
    got.push(...rest.events);
    const flat = (all: Event[]) =>
      all
        .flatMap((e) => e.steps.map((step: number, i: number) => `${e.runId} ${e.metric} ${step} ${e.values[i]}`))
        .sort();
    expect(flat(got)).toEqual(flat(uncut.events));
    expect(new Set(flat(got)).size).toBe(total * 2);
    rest.stop();
    uncut.stop();
  });

  it('bring a repeated batch once, a later term’s points again, and name what is not finite', async () => {
    const r = runWithSeed(20);
    await lab.say(queued(r, versionId));
    const s = subscribe(pointsQuery, { ids: [r.runId], after: await cursorNow(), metrics: ['error'] });
    const first = points(r, 'error', [[1, Number.POSITIVE_INFINITY]]);
    await lab.say(first, first, points(r, 'loss', [[1, 1]]), points(r, 'error', [[1, 0.5]], 2));
    await s.atLeast(2);
    await lab.say(points(r, 'error', [[2, 0.4]], 2));
    await s.atLeast(3);
    expect(s.events.map((e) => [e.steps, e.values, e.nonFinite])).toEqual([
      [[1], [null], ['Infinity']],
      [[1], [0.5], null],
      [[2], [0.4], null],
    ]);
    s.stop();
  });

  it('survive a rebuild of the read model', async () => {
    const r = runWithSeed(30);
    const after = await cursorNow();
    await lab.say(queued(r, versionId), lines(r, 'one'), lines(r, 'two', 'three'));
    const query =
      'subscription ($id: ID!, $after: String) { runLog(id: $id, after: $after) { cursor lines { text } } }';
    const s = subscribe(query, { id: r.runId, after });
    await s.atLeast(2);
    await lab.readModel.rebuild();
    await lab.say(lines(r, 'four'));
    await s.atLeast(3);
    const again = subscribe(query, { id: r.runId, after: s.events[0].cursor });
    await again.atLeast(2);
    expect(again.events.map((e) => e.lines)).toEqual([[{ text: 'two' }, { text: 'three' }], [{ text: 'four' }]]);
    s.stop();
    again.stop();
  });

  it('follow the runs of an experiment from the moment that they are its own', async () => {
    const r = runWithSeed(40);
    const experimentId = experimentIdOf(localProject, 'colours');
    const after = await cursorNow();
    const s = subscribe(runQuery, { experiment: 'colours', after });
    const e = subscribe(
      'subscription ($after: String) { experimentUpdated(name: "colours", after: $after) { cursor experiment { state(preset: "quick") } } }',
      { after },
    );
    const request = {
      requestId: exampleOf('experiment.run').requestId,
      experimentId,
      name: 'colours',
      preset: 'quick',
    };
    await lab.say(
      said('experiment.accepted', experimentId, {
        ...request,
        basePreset: 'quick',
        seeds: null,
        set: [],
        freshNonce: null,
        priority: 0,
        waitingFor: [],
      }),
    );
    await lab.say(queued(r, versionId));
    await lab.say(
      said('experiment.expanded', experimentId, {
        ...request,
        runs: [{ runId: r.runId, cell: 'c', method: 'mixup', seed: 40 }],
      }),
    );
    await s.atLeast(1);
    await lab.say(claimed(r), started(r), succeeded(r));
    await until(() => s.events.at(-1)?.run.state === 'SUCCEEDED');
    expect(s.events[0].run.id).toBe(r.runId);
    await until(() => e.events.at(-1)?.experiment.state === 'ANALYSING');
    s.stop();
    e.stop();
  });

  it('follow an ingest to its version', async () => {
    const s = subscribe(
      'subscription ($after: String) { datasetProgress(name: "mnist", after: $after) { cursor ingestId name phase doneBytes totalBytes error version { name version } } }',
      { after: await cursorNow() },
    );
    const { event } = await makeMnist(lab.store);
    await lab.say(
      said('dataset.ingestProgress', mnistIngest, {
        ingestId: mnistIngest,
        name: 'mnist',
        phase: 'reading',
        doneBytes: 5e9,
        totalBytes: null,
      }),
      event,
    );
    await s.atLeast(2);
    expect(s.events.map(({ cursor: _, ...rest }) => rest)).toEqual([
      {
        ingestId: mnistIngest,
        name: 'mnist',
        phase: 'reading',
        doneBytes: 5e9,
        totalBytes: null,
        error: null,
        version: null,
      },
      {
        ingestId: mnistIngest,
        name: 'mnist',
        phase: 'done',
        doneBytes: 5e9,
        totalBytes: null,
        error: null,
        version: { name: 'mnist', version: '0123456789ab' },
      },
    ]);
    s.stop();
  });

  it('end with RESYNC on a cursor older than what is kept; Query.cursor is the way on', async () => {
    const r = runWithSeed(50);
    await lab.say(queued(r, versionId));
    const old = await cursorNow();
    await lab.say(points(r, 'error', [[1, 0.5]]));
    await lab.forget(8);
    const s = subscribe(pointsQuery, { ids: [r.runId], after: old });
    await until(s.isDone);
    expect(s.errors[0].extensions.code).toBe('RESYNC');
    const now = subscribe(pointsQuery, { ids: [r.runId], after: await cursorNow() });
    await lab.say(points(r, 'error', [[2, 0.25]]));
    await now.atLeast(1);
    expect(now.events[0].steps).toEqual([2]);
    // What is kept for ever is still told from there.
    const states = subscribe(runQuery, { id: r.runId, after: old });
    await lab.say(claimed(r));
    await states.atLeast(1);
    expect(states.events.at(-1).run.state).toBe('CLAIMED');
    now.stop();
    states.stop();
  });

  it('end with RESYNC on a cursor of another log, and with bad input on what is none', async () => {
    const { runId } = runWithSeed(20);
    const ahead = Buffer.from(
      JSON.stringify({ v: 1, o: { 'minvar.run.metrics.v1': [99, 99, 99, 99, 99, 999_999] } }),
    ).toString('base64url');
    const s = subscribe(pointsQuery, { ids: [runId], after: ahead });
    await until(s.isDone);
    expect(s.errors[0].extensions.code).toBe('RESYNC');
    for (const variables of [{ ids: [runId], after: 'nonsense' }, { ids: [] }]) {
      const bad = subscribe(pointsQuery, variables);
      await until(bad.isDone);
      expect(bad.errors[0].extensions.code).toBe('BAD_USER_INPUT');
    }
  });
});

describe('the socket', () => {
  it('is under the same limits as HTTP', async () => {
    const deep = subscribe(`{ ${'cursor '.repeat(41)} }`);
    await until(deep.isDone);
    expect(deep.errors[0].extensions.code).toBe('OPERATION_TOO_LARGE');
    const long = subscribe(`{ ${'cursor '.repeat(4100)} }`);
    await until(long.isDone);
    expect(long.errors[0]).toMatchObject({
      message: expect.stringContaining('more than 4000 tokens') as string,
      extensions: { code: 'OPERATION_TOO_LARGE', limit: 4000 },
    });
  });

  it('is closed over a message of more bytes than a request may have', async () => {
    const printed = vi.spyOn(console, 'error');
    const ws = new WebSocket(`${lab.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    await new Promise((resolve) => ws.on('open', resolve));
    ws.send(JSON.stringify({ type: 'ping', payload: { x: 'x'.repeat(1024 * 1024) } }));
    // RFC 6455, section 7.4.1: 1009, a message that is too big
    expect(await new Promise((resolve) => ws.on('close', resolve))).toBe(1009);
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
  });

  const opens = (headers: Record<string, string>, path = '/graphql'): Promise<string> =>
    new Promise((resolve) => {
      const ws = new WebSocket(`${lab.url.replace('http', 'ws')}${path}`, 'graphql-transport-ws', { headers });
      ws.on('open', () => {
        ws.close();
        resolve('open');
      });
      ws.on('error', (e) => resolve(e.message));
    });

  it('opens to its own page only', async () => {
    expect(await opens({})).toBe('open');
    expect(await opens({ origin: lab.url })).toBe('open');
    expect(await opens({ origin: 'http://evil.example' })).toContain('403');
    expect(await opens({ host: 'evil.example' })).toContain('403');
    expect(await opens({}, '/other')).toContain('404');
  });

  it('wants the token where there is one', async () => {
    const gateway = createGateway({ ...lab.settings, token: 'secret' });
    await gateway.start();
    const s = subscribe('{ cursor }', {}, gateway.url());
    await until(s.isDone);
    expect(s.events).toEqual([]);
    const client = createClient({
      url: `${gateway.url().replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: 'Bearer secret' },
    });
    const answer = await new Promise((resolve, reject) =>
      client.subscribe({ query: '{ cursor }' }, { next: resolve, error: reject, complete: () => undefined }),
    );
    expect(answer).toHaveProperty('data.cursor');
    await client.dispose();
    await gateway.stop();
  });
});
