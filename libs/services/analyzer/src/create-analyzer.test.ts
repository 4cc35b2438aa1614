import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { analysisIdOf, experimentAnalysis, objectKeys, runAnalysis, runSpecHash, sha256Hex } from '@minvar/contracts';
import type { AnyEnvelope, Envelope, MessageData, MessageType, MetricPoint, Whole } from '@minvar/contracts';
import { defineExperiment } from '@minvar/coordination';
import type { Endpoint, ExperimentDefinition } from '@minvar/coordination';
import {
  createFolderStore,
  createLmdbEventLog,
  createPublisher,
  decodeEvent,
  maxRecordBytes,
  readLargeFrom,
  recordBytes,
  wholeEvent,
} from '@minvar/service-kit';
import type { EventLog, LogRecord, ObjectStore } from '@minvar/service-kit';
import { parquetReadObjects } from 'hyparquet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAnalyzer } from './create-analyzer';
import type { Analyzer } from './create-analyzer';
import { datasetVersionId, projectId, runIdFor, specOf, storeManifest, storeRun } from './testing/stored-run';
import type { StoredPass } from './testing/stored-run';

const arms = ['erm', 'label-smoothing'] as const;
const endpoint: Endpoint = {
  claim: 'c',
  primary: true,
  metric: 'error',
  variant: null,
  split: 'test-random',
  selection: 'last',
  condition: 'all',
  a: 'label-smoothing',
  b: 'erm',
  direction: 1,
  smallestEffect: 0.01,
};
const followsErm = defineExperiment({
  name: 'small',
  title: 'Small',
  description: 'd',
  claims: [{ id: 'c', text: 'label smoothing errs more', source: 's' }],
  presets: {
    quick: {
      name: 'quick',
      description: 'd',
      cells: arms.map((arm) => {
        const { seed: _, ...spec } = specOf(arm, 0);
        return { name: arm, condition: 'all', arm, spec };
      }),
      firstSeed: 100,
      seeds: 2,
    },
  },
  endpoints: () => [endpoint],
  columns: [{ label: 'error', metric: 'error', variant: null, split: 'test-random', format: 'percent' }],
});
const exactOnly = defineExperiment({
  name: 'exact-only',
  title: 'Exact',
  description: 'd',
  claims: [{ id: 'e', text: 't', source: 's' }],
  presets: { quick: { name: 'quick', description: 'd', cells: [], firstSeed: 100, seeds: 1 } },
  endpoints: () => [],
  exact: () => ({
    endpoints: [
      {
        ...endpoint,
        claim: 'e',
        metric: 'share',
        split: 'theory',
        a: 'erm',
        b: 'ls',
        valueA: 0.87,
        valueB: 0,
        smallestEffect: 0.5,
      },
    ],
    rows: [{ problem: 'toy', arm: 'erm', quantities: { w: 1.5 } }],
  }),
  columns: [],
});
const experiments: Record<string, ExperimentDefinition> = { small: followsErm, 'exact-only': exactOnly };

let dir: string;
let log: EventLog;
let store: ObjectStore;
let running: Analyzer[];
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'minvar-analyzer-'));
  log = await createLmdbEventLog({ dir: join(dir, 'log') });
  store = await createFolderStore({ dir: join(dir, 'store') });
  await storeManifest(store);
  running = [];
});
afterEach(async () => {
  for (const a of running) await a.stop();
  await log.close();
  await store.close();
  await rm(dir, { recursive: true, force: true });
});

async function analyzer(): Promise<Analyzer> {
  const made = createAnalyzer({ log, store, experiments, logger: { info: () => {}, warn: () => {} } });
  running.push(made);
  await made.start();
  return made;
}
let serial = 0;
function event<T extends MessageType>(
  type: T,
  subject: string,
  data: MessageData<T>,
  id = `e${serial++}`,
): AnyEnvelope {
  return {
    id,
    type,
    source: 't',
    subject,
    time: '2026-01-01T00:00:00Z',
    projectId,
    term: null,
    traceparent: null,
    data,
  } as unknown as AnyEnvelope;
}
const send = (...events: AnyEnvelope[]): Promise<unknown> => createPublisher(log).publish(...events);
type Said<T extends MessageType> = Envelope<T, Whole<MessageData<T>>>;
const topic = 'minvar.analysis.events.v1';
async function records(): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  for (const { partition, offset } of await log.begin([topic]))
    all.push(...(await log.read({ topic, partition, from: offset, limit: 1000 })).records);
  return all;
}
async function said<T extends MessageType>(type: T, atLeast: number): Promise<Said<T>[]> {
  for (;;) {
    const all = await Promise.all((await records()).map((r) => wholeEvent(decodeEvent(r), readLargeFrom(store))));
    const found = all.filter((e) => e.type === type);
    if (found.length >= atLeast) return found as unknown as Said<T>[];
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Two cats and two dogs; `wrong` of them are taken for the other class, the first one first. */
const pass = (split: string, wrong: number): StoredPass => ({
  epoch: 2,
  split,
  labels: [0, 0, 1, 1],
  attributes: [0, 1, 0, 1],
  logits: [0, 0, 1, 1].map((y, i) => ((i < wrong ? 1 - y : y) === 0 ? [2, 0] : [0, 2])),
  // within the cats: variance 1 in the first dimension, 0 in the second; within the dogs 4 and 9
  activations: [
    [1, 5],
    [3, 5],
    [0, 0],
    [4, 6],
  ],
});
const series: MetricPoint[] = Array.from({ length: 12 }, (_, i) => ({
  metric: 'error',
  variant: null,
  split: 'test-random',
  class: null,
  group: null,
  step: i + 1,
  value: i / 100,
  nonFinite: null,
}));

const queued = (method: string, seed: number): AnyEnvelope => {
  const [runId, spec] = [runIdFor(method, seed), specOf(method, seed)];
  return event('run.queued', runId, {
    runId,
    spec,
    specHash: runSpecHash(spec),
    datasetVersionId,
    attempt: 1,
    priority: 0,
  });
};
const ended = { attempt: 1, finishedAt: '2026-01-01T00:00:00Z', seconds: 1 };
const succeeded = (method: string, seed: number, resultKey: string): AnyEnvelope =>
  event('run.succeeded', runIdFor(method, seed), {
    runId: runIdFor(method, seed),
    ...ended,
    resultKey,
    fingerprints: [],
    numericsChanged: false,
  });
const requested = (name: string): AnyEnvelope[] => {
  const at = { requestId: `req-${name}`, experimentId: `exp-${name}`, name, preset: 'quick' };
  const runs =
    name === 'small'
      ? arms.flatMap((method) =>
          [100, 101].map((seed) => ({ runId: runIdFor(method, seed), cell: method, method, seed })),
        )
      : [];
  return [
    event('experiment.accepted', at.experimentId, {
      ...at,
      basePreset: 'quick',
      seeds: null,
      set: [],
      freshNonce: null,
      priority: 0,
      waitingFor: [],
    }),
    event('experiment.expanded', at.experimentId, { ...at, runs }),
  ];
};
const json = async (key: string): Promise<unknown> =>
  JSON.parse(Buffer.from((await store.get(key)).body).toString('utf8'));

describe('the analyzer', () => {
  it('measures what a finished run stored: numbers worked out by hand', async () => {
    const key = await storeRun(store, 'erm', 100, [pass('train', 0), pass('test-random', 1)], series);
    await send(queued('erm', 100), succeeded('erm', 100, key));
    await analyzer();
    const [{ data }] = (await said('analysis.completed', 1)) as [Said<'analysis.completed'>];
    const value = (name: string, split: string, variant: string | null = null, selection = 'last') =>
      data.metrics.find(
        (m) => m.name === name && m.split === split && m.variant === variant && m.selection === selection,
      )?.value;
    expect(value('error', 'test-random')).toBe(0.25);
    expect(value('error', 'train')).toBe(0);
    // cats: mean over dimensions of (1, 0) = .5, dogs of (4, 9) = 6.5
    expect(value('activation-variance', 'train')).toBeCloseTo(3.5, 12);
    // ‖W‖² = 25, K = 2: activations are scaled by √(25/2)
    expect(value('activation-variance', 'train', 'gauge-fixed/class-mean/mean/n')).toBeCloseTo((3.5 * 25) / 2, 10);
    // S_W: (1 + 0 + 4 + 9) / 2 = 7; class means (2, 5) and (2, 3): S_B = 1
    expect(value('activation-variance-ratio', 'train')).toBeCloseTo(7 / 8, 12);
    // predicted dog, cat, dog, dog for the colours red, green, red, green
    expect(value('follows-colour', 'test-random')).toBe(0.25);
    expect(value('worst-group-accuracy', 'test-random')).toBe(0);
    expect(value('decodability', 'test-random')).toBe(0.995);
    expect(value('error', 'test-random', null, 'last-10-median')).toBeCloseTo(0.065, 12);
    expect(data.metrics.find((m) => m.name === 'group-accuracy' && m.split === 'test-random')!.perGroup).toEqual([
      { group: 'cat/red', count: 1, value: 0 },
      { group: 'cat/green', count: 1, value: 1 },
      { group: 'dog/red', count: 1, value: 1 },
      { group: 'dog/green', count: 1, value: 1 },
    ]);
    // AdamW’s decay was 0
    expect(value('weight-decay-dose', 'train')).toBe(0);
    const slacks = data.metrics.filter((m) => m.name === 'bound-slack').map((m) => m.value!);
    expect(slacks).toHaveLength(2);
    for (const slack of slacks) expect(slack).toBeGreaterThanOrEqual(-1e-6);
  });

  it('measures stages, epochs with their own last layer, and re-estimated statistics under names of their own', async () => {
    const stages = {
      stage1: [[0], [2], [10], [12]],
      // within classes nothing, between them everything
      stage2: [
        [1, 0],
        [1, 0],
        [0, 1],
        [0, 1],
      ],
    };
    const [plain, doubled] = [pass('train', 0), pass('train', 0).activations.map((h) => h.map((v) => 2 * v))];
    const key = await storeRun(store, 'erm', 100, [
      {
        ...plain,
        epoch: 1,
        lastLayer: [
          [1, 0],
          [0, 1],
        ],
      },
      { ...plain, stages },
      { ...plain, stages, activations: doubled, statistics: 're-estimated' },
    ]);
    await send(queued('erm', 100), succeeded('erm', 100, key));
    await analyzer();
    const [{ data }] = (await said('analysis.completed', 1)) as [Said<'analysis.completed'>];
    const value = (name: string, variant: string | null, epoch = 2) =>
      data.metrics.find((m) => m.name === name && m.variant === variant && m.epoch === epoch)?.value;
    // stage 1: classes (0, 2) and (10, 12): within 1, between 25
    expect(value('variance-by-stage', 'stage1')).toBeCloseTo(1 / 26, 12);
    expect(value('variance-by-stage', 'stage2')).toBe(0);
    expect(value('variance-by-stage', 'penultimate')).toBeCloseTo(7 / 8, 12);
    expect(value('variance-by-stage', null)).toBeCloseTo(7 / 8, 12);
    expect(value('variance-by-stage', 'stage1', 1)).toBeUndefined();
    // ‖W‖² = 2 = K at epoch 1: already in the gauge
    expect(value('activation-variance', 'gauge-fixed/class-mean/mean/n', 1)).toBeCloseTo(3.5, 12);
    expect(value('activation-variance', '@re-estimated')).toBeCloseTo(4 * 3.5, 12);
    expect(value('activation-variance', 'class-mean/mean/n@re-estimated')).toBeCloseTo(4 * 3.5, 12);
    expect(value('activation-variance', null)).toBeCloseTo(3.5, 12);
    expect(data.metrics.filter((m) => m.name === 'error').map((m) => m.variant)).toEqual([null, null, '@re-estimated']);
  });

  it('says all its numbers, also when they are too many for a message', async () => {
    const many = Array.from({ length: 800 }, (_, i): MetricPoint[] =>
      series.map((p) => ({ ...p, metric: `measure-${i}-${'x'.repeat(200)}` })),
    );
    const key = await storeRun(store, 'erm', 100, [pass('train', 0)], many.flat());
    await send(queued('erm', 100), succeeded('erm', 100, key));
    const first = await analyzer();
    const [{ data }] = (await said('analysis.completed', 1)) as [Said<'analysis.completed'>];
    const prefix = objectKeys.analysisPrefix(analysisIdOf(projectId, runIdFor('erm', 100), 1));
    expect(data.metrics).toEqual(runAnalysis.parse(await json(`${prefix}manifest.json`)).metrics);
    expect(Buffer.byteLength(JSON.stringify(data.metrics))).toBeGreaterThan(maxRecordBytes);
    for (const r of await records()) expect(recordBytes(r)).toBeLessThanOrEqual(maxRecordBytes);
    // The next start takes it for what it is: nothing is measured again.
    await first.stop();
    await analyzer();
    await send(event('analysis.analyse', runIdFor('erm', 100), { runId: runIdFor('erm', 100), idempotencyKey: null }));
    expect(await said('analysis.completed', 2)).toHaveLength(2);
  });

  it('stores manifest and table under the analysis, as its artifacts say', async () => {
    const key = await storeRun(store, 'erm', 100, [pass('test-random', 1)]);
    await send(queued('erm', 100), succeeded('erm', 100, key));
    await analyzer();
    const [{ data }] = (await said('analysis.completed', 1)) as [Said<'analysis.completed'>];
    const prefix = objectKeys.analysisPrefix(analysisIdOf(projectId, runIdFor('erm', 100), 1));
    expect(data.artifacts.map((a) => a.key)).toEqual(
      ['tables/metrics.parquet', 'tables/reliability.parquet', 'manifest.json'].map((path) => `${prefix}${path}`),
    );
    for (const a of data.artifacts) expect(sha256Hex((await store.get(a.key)).body)).toBe(a.sha256);
    const manifest = runAnalysis.parse(await json(`${prefix}manifest.json`));
    expect(manifest.metrics).toEqual(data.metrics);
    const body = (await store.get(`${prefix}tables/metrics.parquet`)).body;
    const rows = await parquetReadObjects({
      file: body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength) as ArrayBuffer,
    });
    expect(rows.find((r) => r.metric === 'error' && r.class === 'cat')).toMatchObject({
      split: 'test-random',
      value: 0.5,
      group: null,
      epoch: 2,
    });
  });

  it('says it once, however often it is started', async () => {
    const key = await storeRun(store, 'erm', 100, [pass('test-random', 1)]);
    await send(queued('erm', 100), succeeded('erm', 100, key));
    const first = await analyzer();
    await said('analysis.completed', 1);
    await first.stop();
    await analyzer();
    // work that follows is done after whatever the second start would repeat
    const next = await storeRun(store, 'erm', 101, [pass('test-random', 1)]);
    await send(queued('erm', 101), succeeded('erm', 101, next));
    expect(await said('analysis.completed', 2)).toHaveLength(2);
  });

  it('analyses again when asked, with an answer of its own', async () => {
    const key = await storeRun(store, 'erm', 100, [pass('test-random', 1)]);
    await send(queued('erm', 100), succeeded('erm', 100, key));
    await analyzer();
    await said('analysis.completed', 1);
    await send(event('analysis.analyse', runIdFor('erm', 100), { runId: runIdFor('erm', 100), idempotencyKey: null }));
    const [a, b] = await said('analysis.completed', 2);
    expect(a!.id).not.toBe(b!.id);
    expect(a!.data).toEqual(b!.data);
  });

  it('reports a damaged array and goes on', async () => {
    const key = await storeRun(store, 'erm', 100, [pass('test-random', 1)]);
    const logits = `${objectKeys.activations(runIdFor('erm', 100), 2)}test-random-logits.1.npy`;
    await store.put(logits, Buffer.from('torn'));
    await send(queued('erm', 100), succeeded('erm', 100, key));
    await analyzer();
    const [failure] = await said('analysis.failed', 1);
    expect(failure!.data.error).toMatch(/test-random-logits.1.npy' has sha256 .* instead of/);
    const next = await storeRun(store, 'erm', 101, [pass('test-random', 1)]);
    await send(queued('erm', 101), succeeded('erm', 101, next));
    expect(await said('analysis.completed', 1)).toHaveLength(1);
  });

  it('judges an experiment when its last run is over, pairs by seed, and counts what is left out', async () => {
    await analyzer();
    await send(...requested('small'));
    for (const [method, seed, wrong] of [
      ['erm', 100, 1],
      ['label-smoothing', 100, 3],
      ['label-smoothing', 101, 3],
    ] as const) {
      const key = await storeRun(store, method, seed, [pass('train', 0), pass('test-random', wrong)]);
      await send(queued(method, seed), succeeded(method, seed, key));
    }
    await said('analysis.completed', 3);
    expect(await said('experiment.judged', 0)).toEqual([]);
    const lost = runIdFor('erm', 101);
    await send(
      queued('erm', 101),
      event('run.failed', lost, { runId: lost, ...ended, failure: { kind: 'NON_FINITE', message: 'm' } }),
    );
    const [{ data }] = (await said('experiment.judged', 1)) as [Said<'experiment.judged'>];
    expect(data.comparisons).toHaveLength(1);
    expect(data.comparisons[0]).toMatchObject({
      claim: 'c',
      a: 'label-smoothing',
      b: 'erm',
      seeds: 1,
      meanA: 0.75,
      meanB: 0.25,
      difference: 0.5,
      low: null,
    });
    expect(data.comparisons[0]!.testSetLow! < 0.5 && data.comparisons[0]!.testSetHigh! > 0.5).toBe(true);
    expect(data.verdicts).toEqual([
      {
        claim: 'c',
        verdict: 'DIRECTION_ONLY',
        because: expect.stringContaining('1 of 4 runs left out: 1 failed (NON_FINITE)'),
      },
    ]);
    const manifest = experimentAnalysis.parse(await json(data.artifacts.find((a) => a.name === 'manifest.json')!.key));
    expect(manifest.runs.map((r) => [r.seed, r.state, r.counted])).toEqual([
      [100, 'SUCCEEDED', true],
      [101, 'FAILED', false],
      [100, 'SUCCEEDED', true],
      [101, 'SUCCEEDED', true],
    ]);
    const svg = Buffer.from((await store.get(data.artifacts.find((a) => a.kind === 'figure')!.key)).body).toString(
      'utf8',
    );
    expect(svg.match(/<circle/g)).toHaveLength(3);
    expect(svg).toContain('error on test-random, all');
  });

  it('judges exact endpoints at once, without runs', async () => {
    await analyzer();
    await send(...requested('exact-only'));
    const [{ data }] = (await said('experiment.judged', 1)) as [Said<'experiment.judged'>];
    expect(data.comparisons[0]).toMatchObject({ test: 'exact', seeds: 0, meanA: 0.87, meanB: 0, difference: 0.87 });
    expect(data.verdicts.map((v) => v.verdict)).toEqual(['SUPPORTED']);
    expect(data.artifacts.map((a) => a.name)).toEqual(['exact.parquet', 'comparisons.svg', 'manifest.json']);
  });

  it('answers NOT_RUN with the reason when the experiment is not known', async () => {
    await analyzer();
    await send(...requested('gone'));
    const [{ data }] = (await said('experiment.judged', 1)) as [Said<'experiment.judged'>];
    expect(data).toMatchObject({ name: 'gone', comparisons: [], verdicts: [] });
  });

  it('puts an unreadable record to the dead letters once, and works on', async () => {
    const poison = { topic: 'minvar.run.events.v1', key: 'r', headers: {}, value: Buffer.from('{') };
    const dead = async (): Promise<number> =>
      (await log.read({ topic: 'minvar.analyzer.dead', partition: 0, from: 0, limit: 10 })).records.length;
    const first = await analyzer();
    await log.append([poison]);
    while ((await dead()) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await first.stop();
    const key = await storeRun(store, 'erm', 100, [pass('test-random', 1)]);
    await send(queued('erm', 100), succeeded('erm', 100, key));
    await analyzer();
    expect(await said('analysis.completed', 1)).toHaveLength(1);
    expect(await dead()).toBe(1);
  });

  it('finds at its start what became due while it was away', async () => {
    const key = await storeRun(store, 'erm', 100, [pass('test-random', 1)]);
    const runs = [queued('erm', 100), succeeded('erm', 100, key)];
    await send(...runs, ...requested('small'));
    for (const [method, seed] of [
      ['erm', 101],
      ['label-smoothing', 100],
      ['label-smoothing', 101],
    ] as const) {
      await send(
        queued(method, seed),
        event('run.cancelled', runIdFor(method, seed), { runId: runIdFor(method, seed), ...ended }),
      );
    }
    await analyzer();
    const [{ data }] = (await said('experiment.judged', 1)) as [Said<'experiment.judged'>];
    expect(data.verdicts[0]).toMatchObject({
      verdict: 'NOT_RUN',
      because: expect.stringContaining('3 of 4 runs left out: 3 cancelled'),
    });
  });
});
