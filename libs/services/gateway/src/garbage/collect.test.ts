import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnyEnvelope, CheckpointPointer, MessageData, MessageType, RunHead } from '@minvar/contracts';
import {
  analysisIdOf,
  checkpointManifest,
  derivedId,
  exampleEnvelopes,
  exampleManifest,
  localProject,
  objectKeys,
  sha256Hex,
} from '@minvar/contracts';
import { queuedHead } from '@minvar/coordination';
import { createFolderStore, createLmdbEventLog, createPublisher } from '@minvar/service-kit';
import type { EventLog, ObjectStore } from '@minvar/service-kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectGarbage } from './collect';
import type { Collection, CollectionReport } from './collect';

const exampleOf = <T extends MessageType>(type: T): MessageData<T> =>
  exampleEnvelopes.find((e) => e.type === type)!.data as MessageData<T>;
const runOf = (name: string): string => derivedId('run', name);
const [waiting, working, succeeded, deleted, lost] = ['waiting', 'working', 'succeeded', 'deleted', 'lost'].map(
  runOf,
) as [string, string, string, string, string];

let dir: string;
let log: EventLog;
let store: ObjectStore;
let second = 0;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'minvar-garbage-'));
  log = await createLmdbEventLog({ dir: join(dir, 'log') });
  store = await createFolderStore({ dir: join(dir, 'objects') });
  second = 0;
});
afterEach(async () => {
  await log.close();
  await store.close();
  await rm(dir, { recursive: true, force: true });
});

async function say<T extends MessageType>(type: T, subject: string, data: MessageData<T>): Promise<void> {
  const time = new Date(Date.UTC(2026, 0, 1, 0, 0, second++)).toISOString();
  const event = {
    id: `e${second}`,
    type,
    source: 't',
    subject,
    time,
    projectId: localProject,
    term: null,
    traceparent: null,
    data,
  };
  await createPublisher(log, store).publish(event as unknown as AnyEnvelope);
}
const put = async (...keys: string[]): Promise<string[]> => {
  for (const key of keys) await store.put(key, Buffer.from(`content of ${key}`));
  return keys;
};
const putJson = (key: string, value: unknown): Promise<unknown> => store.put(key, Buffer.from(JSON.stringify(value)));
const all = async (): Promise<string[]> => {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys;
};
const later = (hours: number) => (): Date => new Date(Date.now() + hours * 3_600_000);
const collect = (options: Partial<Collection> = {}): Promise<CollectionReport> =>
  collectGarbage({ log, store, dryRun: false, graceMs: 24 * 3_600_000, now: later(25), ...options });

async function head(runId: string, change: Partial<RunHead>): Promise<void> {
  const at = { at: '2026-01-01T00:00:00.000Z', nonce: 'n' };
  const fresh = queuedHead({ projectId: localProject, runId, specHash: 's', priority: 0, shareKey: 's' }, at);
  await store.swap(objectKeys.runHead(runId), Buffer.from(JSON.stringify({ ...fresh, ...change })), { expected: null });
}
const queued = (runId: string): Promise<void> => say('run.queued', runId, { ...exampleOf('run.queued'), runId });
const array = (key: string) => ({ key, sha256: 'x', sizeBytes: 1 });

/** A checkpoint of the working run with a chunk and an array of its own. */
async function checkpoint(term: number, step: number): Promise<{ pointer: CheckpointPointer; keys: string[] }> {
  const prefix = objectKeys.checkpoint(working, term, step);
  const chunk = objectKeys.metricChunk(working, term, step);
  const logits = `${objectKeys.activations(working, step)}test-logits.${term}.npy`;
  const manifest = checkpointManifest.parse({
    v: 1,
    runId: working,
    specHash: 's',
    term,
    step,
    epoch: 1,
    epochStep: 0,
    files: [{ name: 'model.safetensors', sizeBytes: 1, sha256: 'x' }],
    fingerprint: exampleOf('run.started').fingerprint,
    history: [],
    random: { seed: 1, scheme: 'philox4x32-10/v1' },
    carry: {},
    chunks: [{ key: chunk, sha256: 'x', points: 1 }],
    outputs: [{ epoch: step, split: 'test', examples: 1, arrays: { logits: array(logits) } }],
  });
  const bytes = JSON.stringify(manifest);
  const keys = await put(`${prefix}model.safetensors`, chunk, logits);
  await store.put(`${prefix}manifest.json`, Buffer.from(bytes));
  return {
    pointer: { prefix, term, step, epoch: 1, manifestSha256: sha256Hex(bytes) },
    keys: [...keys, `${prefix}manifest.json`],
  };
}

/** A store with something of every kind, alive and dead; answers what is dead. */
async function furnish(): Promise<string[]> {
  const dead: string[] = [];
  // Runs: one that waits, one at work in its third term, one that is done, one deleted, one whose head is not there though the log knows it.
  for (const runId of [waiting, working, succeeded, lost]) await queued(runId);
  await put(objectKeys.runSpec(waiting), `${objectKeys.runPrefix(waiting)}metrics.parquet`);
  await head(waiting, {});
  const [older, newer] = [await checkpoint(1, 5), await checkpoint(2, 9)];
  dead.push(...(await checkpoint(1, 7)).keys);
  dead.push(
    ...(await put(objectKeys.metricChunk(working, 2, 11), `${objectKeys.activations(working, 11)}test-logits.2.npy`)),
  );
  // what the third owner has not named yet
  await put(
    objectKeys.metricChunk(working, 3, 12),
    `${objectKeys.checkpoint(working, 3, 12)}model.safetensors`,
    objectKeys.runLog(working),
  );
  const running = { state: 'RUNNING', owner: 'o', term: 3 } as const;
  await head(working, { ...running, checkpoint: newer.pointer, previousCheckpoint: older.pointer });
  const resultKey = objectKeys.runResult(succeeded, 2);
  const weights = `${objectKeys.runPrefix(succeeded)}results/2/weights.safetensors`;
  const chunk = objectKeys.metricChunk(succeeded, 1, 3);
  const activations = `${objectKeys.activations(succeeded, 1)}test-logits.1.npy`;
  await put(weights, chunk, activations, objectKeys.runSpec(succeeded));
  await putJson(resultKey, {
    v: 1,
    runId: succeeded,
    specHash: 's',
    datasetVersionId: 'd',
    fingerprints: [],
    numericsChanged: false,
    seconds: 1,
    steps: 1,
    chunks: [{ key: chunk, sha256: 'x', points: 1 }],
    weights: array(weights),
    outputs: [{ epoch: 1, split: 'test', examples: 1, arrays: { logits: array(activations) } }],
  });
  await head(succeeded, {
    state: 'SUCCEEDED',
    term: 2,
    outcome: { state: 'SUCCEEDED', failure: null, resultKey, seconds: 1 },
  });
  dead.push(
    ...(await put(
      objectKeys.runResult(succeeded, 1),
      `${objectKeys.runPrefix(succeeded)}results/1/weights.safetensors`,
      objectKeys.metricChunk(succeeded, 1, 4, 'end'),
    )),
  );
  await put(objectKeys.runSpec(lost));
  await queued(deleted);
  const [old, fresh] = [analysisIdOf(localProject, deleted, 1), analysisIdOf(localProject, succeeded, 1)];
  const measured = (runId: string, analysisId: string, rows: number): Promise<void> => {
    const example = exampleOf('analysis.completed');
    const metrics = Array.from({ length: rows }, () => (example.metrics as unknown[])[0]) as typeof example.metrics;
    return say('analysis.completed', runId, { ...example, analysisId, runId, metrics, artifacts: [] });
  };
  await measured(deleted, old, 1);
  // too many for the message: they lie in a blob, which the message names
  await measured(succeeded, fresh, 3000);
  await say('run.deleted', deleted, { runId: deleted });
  dead.push(...(await put(objectKeys.runSpec(deleted), `${objectKeys.analysisPrefix(old)}tables/metrics.parquet`)));
  await put(`${objectKeys.analysisPrefix(fresh)}tables/metrics.parquet`);
  dead.push(...(await put(`${objectKeys.analysisPrefix(derivedId('analysis', 'x'))}manifest.json`)));
  const judged = `${objectKeys.analysisPrefix(derivedId('analysis', 'judged'))}figures/comparisons.svg`;
  await put(judged);
  await say('experiment.judged', 'exp_1', {
    ...exampleOf('experiment.judged'),
    experimentId: 'exp_1',
    artifacts: [{ name: 'f', kind: 'figure', mediaType: 'image/svg+xml', key: judged, sizeBytes: 1, sha256: 'x' }],
  });
  // Versions: one whole with a stray array, one whose making was cut off.
  const { datasetId, versionId } = exampleManifest;
  const version = objectKeys.datasetPrefix(datasetId, versionId);
  await put(`${version}data/train-inputs.npy`, `${version}data/train-labels.npy`, `${version}README.md`);
  await putJson(`${version}manifest.json`, exampleManifest);
  const cut = objectKeys.datasetPrefix(datasetId, derivedId('datasetVersion', 'cut'));
  dead.push(...(await put(`${version}data/stray.npy`, `${cut}data/train-inputs.npy`)));
  dead.push((await store.putBlob(Buffer.from('nobody’s'))).key);
  dead.push(...(await put('uploads/upl_gone/a.zip')));
  await put('uploads/upl_used/a.zip', 'uploads/data-ingest/0123.json', 'something/else', 'leases/dispatcher/head.json');
  await say('dataset.ingest', datasetId, { ...exampleOf('dataset.ingest'), source: 'upl_used' });
  return dead.sort();
}

describe('collecting garbage', () => {
  it('says in a dry run what would go and how much it is, removes that when asked, and then finds nothing', async () => {
    const dead = await furnish();
    const before = await all();
    const dry = await collect({ dryRun: true });
    expect([...dry.keys].sort()).toEqual(dead);
    expect(await all()).toEqual(before);
    const sizes = await Promise.all(dead.map(async (key) => (await store.stat(key))!.size));
    expect(Number(dry.garbage.reduce((sum, t) => sum + t.bytes, 0n))).toBe(sizes.reduce((a, b) => a + b));
    expect(dry.garbage.map((t) => t.kind).sort()).toEqual(['analysis', 'blob', 'run', 'upload', 'version']);
    expect(dry.kept.objects).toBe(before.length - dead.length);
    expect(await collect()).toEqual(dry);
    expect(await all()).toEqual(before.filter((key) => !dead.includes(key)));
    expect((await collect()).garbage).toEqual([]);
  });

  it('leaves alone what is younger than the grace time, and a blob that was put again', async () => {
    const dead = await furnish();
    expect((await collect({ now: later(23) })).garbage).toEqual([]);
    const blob = dead.find((key) => key.startsWith('blobs/'))!;
    const { keys } = await collect({
      store: { ...store, stat: async (key) => ({ ...(await store.stat(key))!, modifiedAt: later(25)() }) },
    });
    expect(keys).toEqual(dead.filter((key) => key !== blob));
    expect(await store.stat(blob)).not.toBeNull();
  });

  it('killed after any removal has removed garbage only, and the next one goes on', async () => {
    const dead = await furnish();
    const living = (await all()).filter((key) => !dead.includes(key));
    for (let round = 0; round < dead.length; round++) {
      let left = 1;
      const failing = {
        ...store,
        remove: (key: string) => (left-- > 0 ? store.remove(key) : Promise.reject(new Error('killed'))),
      };
      if (round < dead.length - 1) await expect(collect({ store: failing })).rejects.toThrow('killed');
      else await collect({ store: failing });
      const there = await all();
      expect(living.filter((key) => !there.includes(key))).toEqual([]);
      expect(there.length).toBe(living.length + dead.length - round - 1);
    }
    expect(await all()).toEqual(living);
  });

  it('keeps whatever a message names that it cannot read, and all of a run whose checkpoint or head is torn', async () => {
    const dead = await furnish();
    const blob = dead.find((key) => key.startsWith('blobs/'))!;
    const analysis = derivedId('analysis', 'x');
    await log.append([
      {
        topic: 'minvar.analysis.events.v1',
        key: deleted,
        headers: { ce_type: 'analysis.completed' },
        value: Buffer.from(`{"analysisId":"${analysis}","metrics":{"key":"${blob}"},`),
      },
    ]);
    await store.put(`${objectKeys.checkpoint(working, 2, 9)}manifest.json`, Buffer.from('{'));
    const kept = (key: string): boolean =>
      key === blob ||
      [working, deleted, analysis, analysisIdOf(localProject, deleted, 1)].some((id) => key.includes(id));
    expect([...(await collect()).keys].sort()).toEqual(dead.filter((key) => !kept(key)));
  });

  it('removes nothing when the log cannot be read', async () => {
    await furnish();
    const before = await all();
    const away = { ...log, read: () => Promise.reject(new Error('ECONNREFUSED')) };
    await expect(collect({ log: away })).rejects.toThrow('ECONNREFUSED');
    expect(await all()).toEqual(before);
  });
});
