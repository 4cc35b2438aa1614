import type { AnyEnvelope, MessageData, MessageType, MetricPoint, RunSpec } from '@minvar/contracts';
import {
  analysisIdOf,
  datasetIdOf,
  derivedId,
  encodeNpy,
  exampleEnvelopes,
  exampleManifest,
  exampleSpec,
  ingestIdOf,
  localProject,
  runIdOf,
  runSpecHash,
  sha256Hex,
} from '@minvar/contracts';
import type { DatasetManifest } from '@minvar/contracts';
import { datasets } from '@minvar/datasets';
import { envelope } from '@minvar/read-model/testing';
import type { ObjectStore } from '@minvar/service-kit';

let clock = Date.UTC(2026, 0, 1);
/** Times that rise, as those of one machine do. */
export const tick = (): string => new Date((clock += 1000)).toISOString();

export const exampleOf = <T extends MessageType>(type: T): MessageData<T> =>
  exampleEnvelopes.find((e) => e.type === type)!.data as MessageData<T>;

let counter = 0;
/** An event about something, with an id of its own. */
export const said = <T extends MessageType>(
  type: T,
  subject: string,
  data: MessageData<T>,
  term: number | null = null,
): AnyEnvelope => envelope(type, `test:${counter++}`, data, { time: tick(), subject, term });

const mnistParameters = datasets.mnist.parameters.parse({});
export const mnistIngest = ingestIdOf(localProject, 'mnist', mnistParameters, null);

/** Four digits of 2 × 3 pixels in the store, and the event that announces them. */
export async function makeMnist(store: ObjectStore): Promise<{ manifest: DatasetManifest; event: AnyEnvelope }> {
  const datasetId = datasetIdOf(localProject, 'mnist');
  const versionId = derivedId('datasetVersion', 'gateway-test');
  const prefix = `datasets/${datasetId}/${versionId}/`;
  const put = async (path: string, dtype: 'uint8' | 'int32', shape: number[], data: Uint8Array | Int32Array) => {
    const bytes = encodeNpy(data, shape);
    await store.put(`${prefix}${path}`, bytes);
    return { path, dtype, shape, sizeBytes: bytes.byteLength, sha256: sha256Hex(bytes) };
  };
  const pixels = Uint8Array.from({ length: 4 * 6 }, (_, i) => i * 10);
  const inputs = await put('data/train-inputs.npy', 'uint8', [4, 2, 3, 1], pixels);
  const labels = await put('data/train-labels.npy', 'int32', [4], Int32Array.from([0, 1, 1, 0]));
  const attributes = await put('data/train-attributes.npy', 'int32', [4], Int32Array.from([0, 1, -1, 0]));
  const card = Buffer.from('# MNIST\n');
  await store.put(`${prefix}README.md`, card);
  const manifest: DatasetManifest = {
    ...exampleManifest,
    datasetId,
    versionId,
    attribute: { name: 'colour', values: ['red', 'green'] },
    splits: [
      {
        name: 'train',
        examples: 4,
        perClass: [2, 2],
        perGroup: [{ group: '0/red', count: 2 }],
        inputs,
        labels,
        attributes,
        decodability: null,
      },
    ],
    card: { path: 'README.md', sha256: sha256Hex(card), sizeBytes: card.length },
  };
  await store.put(`${prefix}manifest.json`, Buffer.from(JSON.stringify(manifest)));
  const event = said('dataset.versionCreated', mnistIngest, {
    ingestId: mnistIngest,
    name: 'mnist',
    parameters: mnistParameters,
    prefix,
    manifest,
  });
  return { manifest, event };
}

/** A run of the example's spec with another seed. */
export function runWithSeed(seed: number, change: Partial<RunSpec> = {}) {
  const spec: RunSpec = { ...exampleSpec, ...change, seed };
  const specHash = runSpecHash(spec);
  return { runId: runIdOf(localProject, specHash, null), spec, specHash };
}
export type Run = ReturnType<typeof runWithSeed>;

export const queued = (r: Run, versionId: string, attempt = 1): AnyEnvelope =>
  said('run.queued', r.runId, { ...r, datasetVersionId: versionId, attempt, priority: 0 }, 0);
export const claimed = (r: Run, term = 1): AnyEnvelope =>
  said('run.claimed', r.runId, { runId: r.runId, owner: 'runner-1', attempt: 1 }, term);
export const started = (r: Run, term = 1): AnyEnvelope =>
  said('run.started', r.runId, { ...exampleOf('run.started'), runId: r.runId, attempt: 1, totalSteps: 10 }, term);
export const progress = (r: Run, step: number): AnyEnvelope =>
  said(
    'run.progress',
    r.runId,
    { runId: r.runId, step, totalSteps: 10, epoch: step / 5, examplesPerSecond: 100, etaSeconds: 10 - step },
    1,
  );
export const succeeded = (r: Run, term = 1): AnyEnvelope =>
  said(
    'run.succeeded',
    r.runId,
    { ...exampleOf('run.succeeded'), runId: r.runId, attempt: 1, resultKey: `runs/${r.runId}/results/1.json` },
    term,
  );
export const failed = (r: Run, term = 1): AnyEnvelope =>
  said('run.failed', r.runId, { ...exampleOf('run.failed'), runId: r.runId, attempt: 1 }, term);
export const analysed = (r: Run): AnyEnvelope =>
  said('analysis.completed', r.runId, {
    ...exampleOf('analysis.completed'),
    runId: r.runId,
    attempt: 1,
    analysisId: analysisIdOf(localProject, r.runId, 1),
  });
export const points = (r: Run, metric: string, values: readonly (readonly [number, number])[], term = 1): AnyEnvelope =>
  said(
    'run.metricPoints',
    r.runId,
    {
      runId: r.runId,
      points: values.map(([step, value]): MetricPoint => ({
        metric,
        variant: null,
        split: 'test',
        class: null,
        group: null,
        step,
        value: Number.isFinite(value) ? value : null,
        nonFinite: Number.isFinite(value) ? null : (String(value) as 'NaN'),
      })),
    },
    term,
  );
export const lines = (r: Run, ...texts: string[]): AnyEnvelope =>
  said(
    'run.logLines',
    r.runId,
    { runId: r.runId, lines: texts.map((text) => ({ at: tick(), level: 'info', text })) },
    1,
  );
