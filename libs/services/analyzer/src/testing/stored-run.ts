import {
  canonicalJson,
  datasetIdOf,
  derivedId,
  encodeMetricChunk,
  encodeNpy,
  encodeSafetensors,
  objectKeys,
  runIdOf,
  runSpecHash,
  runSpecSchema,
  sha256Hex,
} from '@minvar/contracts';
import type { DatasetManifest, MetricPoint, NpyData, RunRecord, RunResult, RunSpec } from '@minvar/contracts';
import type { ObjectStore } from '@minvar/service-kit';

export const projectId = 'local';
export const datasetVersionId = derivedId('datasetVersion', 'analyzer test');
export const classes = ['cat', 'dog'];
export const colours = ['red', 'green'];

const fingerprint = {
  tensorflow: 't',
  build: 'b',
  device: 'cpu' as const,
  deviceName: 'd',
  instructionSet: 'i',
  intraOpThreads: 1,
  interOpThreads: 1,
  deterministic: true,
};

/** A manifest of a dataset with two classes and two colours; only what the analyzer reads of it is filled with meaning. */
export async function storeManifest(store: ObjectStore): Promise<void> {
  const array = { path: 'data/x.npy', dtype: 'uint8' as const, shape: [1], sizeBytes: 1, sha256: 'x' };
  const split = (name: string, decodability: number) => ({
    name,
    examples: 4,
    perClass: [2, 2],
    perGroup: [],
    inputs: array,
    labels: array,
    attributes: array,
    decodability,
  });
  const manifest: DatasetManifest = {
    v: 1,
    projectId,
    datasetId: datasetIdOf(projectId, 'coloured-mnist'),
    versionId: datasetVersionId,
    name: 'coloured-mnist',
    version: '0123456789ab',
    parameters: {},
    createdAt: '2026-01-01T00:00:00Z',
    title: 't',
    licence: 'l',
    citation: 'c',
    official: false,
    note: null,
    sources: [],
    classes,
    attribute: { name: 'background', values: colours },
    features: null,
    input: { kind: 'image', shape: [1, 1, 1], mean: [0], std: [1] },
    splits: [split('train', 1), split('test-random', 0.995)],
    card: { path: 'README.md', sha256: 'x', sizeBytes: 1 },
    contentSha256: 'x',
  };
  await store.put(
    `${objectKeys.datasetPrefix(manifest.datasetId, manifest.versionId)}manifest.json`,
    Buffer.from(canonicalJson(manifest)),
  );
}

export const specOf = (method: string, seed: number): RunSpec =>
  runSpecSchema.parse({
    data: { name: 'coloured-mnist', version: '0123456789ab' },
    model: { name: 'small-cnn' },
    method: method === 'label-smoothing' ? { name: method, alpha: 0.1, convention: 'all' } : { name: method },
    epochs: 2,
    seed,
  });
export const runIdFor = (method: string, seed: number): string =>
  runIdOf(projectId, runSpecHash(specOf(method, seed)), null);

export interface StoredPass {
  readonly epoch: number;
  readonly split: string;
  readonly logits: readonly (readonly number[])[];
  readonly activations: readonly (readonly number[])[];
  readonly labels: readonly number[];
  readonly attributes: readonly number[];
  /** by name, n × C */
  readonly stages?: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly lastLayer?: readonly (readonly number[])[];
  readonly statistics?: 're-estimated';
}

/** Everything that a succeeded run leaves in the store; answers the key of its result. */
export async function storeRun(
  store: ObjectStore,
  method: string,
  seed: number,
  passes: readonly StoredPass[],
  points: readonly MetricPoint[] = [],
): Promise<string> {
  const spec = specOf(method, seed);
  const runId = runIdFor(method, seed);
  const put = async (key: string, bytes: Uint8Array) => {
    await store.put(key, bytes);
    return { key, sha256: sha256Hex(bytes), sizeBytes: bytes.length };
  };
  const record: RunRecord = { v: 1, projectId, runId, spec, specHash: runSpecHash(spec), datasetVersionId };
  await store.put(objectKeys.runSpec(runId), Buffer.from(JSON.stringify(record)));
  const npy = (pass: StoredPass, name: string, data: NpyData, shape: number[]) =>
    put(
      `${objectKeys.activations(runId, pass.epoch)}${pass.split}${pass.statistics ? `@${pass.statistics}` : ''}-${name}.1.npy`,
      encodeNpy(data, shape),
    );
  const matrix = (pass: StoredPass, name: string, rows: readonly (readonly number[])[]) =>
    npy(pass, name, Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);
  const outputs: RunResult['outputs'] = [];
  for (const pass of passes) {
    const n = pass.labels.length;
    const arrays: RunResult['outputs'][number]['arrays'] = {
      logits: await matrix(pass, 'logits', pass.logits),
      activations: await matrix(pass, 'activations', pass.activations),
    };
    if (!pass.statistics) {
      arrays.labels = await npy(pass, 'labels', Int32Array.from(pass.labels), [n]);
      arrays.attributes = await npy(pass, 'attributes', Int32Array.from(pass.attributes), [n]);
    }
    for (const [name, rows] of Object.entries(pass.stages ?? {}))
      arrays[`stage-${name}`] = await matrix(pass, `stage-${name}`, rows);
    if (pass.lastLayer) arrays['last-layer'] = await matrix(pass, 'last-layer', pass.lastLayer);
    const statistics = pass.statistics && { statistics: pass.statistics };
    outputs.push({ epoch: pass.epoch, split: pass.split, examples: n, ...statistics, arrays });
  }
  const weights = encodeSafetensors({
    'fc.weight': { shape: [2, 2], data: Float32Array.from([3, 0, 0, 4]) },
    'fc.bias': { shape: [2], data: Float32Array.from([0, 0]) },
  });
  const chunk = await put(objectKeys.metricChunk(runId, 1, 2), encodeMetricChunk(points));
  const result: RunResult = {
    v: 1,
    runId,
    specHash: record.specHash,
    datasetVersionId,
    fingerprints: [fingerprint],
    numericsChanged: false,
    seconds: 1,
    steps: 2,
    chunks: [{ key: chunk.key, sha256: chunk.sha256, points: points.length }],
    weights: await put(`${objectKeys.runPrefix(runId)}results/1/weights.safetensors`, weights),
    outputs,
  };
  const resultKey = objectKeys.runResult(runId, 1);
  await store.put(resultKey, Buffer.from(JSON.stringify(result)));
  return resultKey;
}
