import type { AnyEnvelope, MessageData, MessageType } from './events';
import type { DatasetManifest } from './dataset';
import type { RunSpec } from './run-spec';
import { runSpecHash } from './run-spec';
import { analysisIdOf, datasetIdOf, derivedId, experimentIdOf, ingestIdOf, localProject, runIdOf } from './ids';

// One example of every message, as version 1 writes it. They must decode for ever: a change that breaks one needs a `.v2` topic.

const file = (path: string, dtype: 'uint8' | 'int32', shape: number[]) => ({
  path,
  dtype,
  shape,
  sizeBytes: 128 + shape.reduce((a, b) => a * b, 1),
  sha256: 'ab'.repeat(32),
});

export const exampleManifest: DatasetManifest = {
  v: 1,
  projectId: localProject,
  datasetId: datasetIdOf(localProject, 'mnist'),
  versionId: derivedId('datasetVersion', 'example'),
  name: 'mnist',
  version: '0123456789ab',
  parameters: {},
  createdAt: '2026-01-01T00:00:00.000Z',
  title: 'MNIST',
  licence: 'CC BY-SA 3.0',
  citation: 'LeCun, Cortes, Burges',
  official: false,
  note: '10 of 60,000 digits, not the official file',
  sources: [{ name: 'train-images-idx3-ubyte.gz', sizeBytes: 10, sha256: 'cd'.repeat(32), from: 'local' }],
  classes: ['0', '1'],
  attribute: null,
  features: null,
  input: { kind: 'image', shape: [28, 28, 1], mean: [0.13], std: [0.31] },
  splits: [
    {
      name: 'train',
      examples: 10,
      perClass: [5, 5],
      perGroup: [],
      inputs: file('data/train-inputs.npy', 'uint8', [10, 28, 28, 1]),
      labels: file('data/train-labels.npy', 'int32', [10]),
      attributes: null,
      decodability: null,
    },
  ],
  card: { path: 'README.md', sha256: 'ef'.repeat(32), sizeBytes: 10 },
  contentSha256: '01'.repeat(32),
};

export const exampleSpec: RunSpec = {
  data: {
    name: 'mnist',
    version: '0123456789ab',
    limit: 10,
    strength: null,
    jitter: null,
    augmentation: 'none',
    parameters: {},
  },
  model: { name: 'small-cnn', width: 16, stem: null, normalisation: 'batch' },
  method: { name: 'mixup', alpha: 1 },
  optimizer: { name: 'adamw', lr: 0.001, weightDecay: 0, schedule: 'constant' },
  epochs: 2,
  batchSize: 5,
  precision: 'fp32',
  dataOrder: 'shuffled',
  init: null,
  activationEpochs: [],
  seed: 100,
};

const runId = runIdOf(localProject, runSpecHash(exampleSpec), null);
const experimentId = experimentIdOf(localProject, 'spurious-colour');
const ingestId = ingestIdOf(localProject, 'mnist', {}, null);
const analysisId = analysisIdOf(localProject, runId, 1);
const requestId = derivedId('request', 'example');
const fingerprint = {
  tensorflow: '2.21.0',
  build: 'cpu',
  device: 'cpu',
  deviceName: 'cpu',
  instructionSet: 'avx2',
  intraOpThreads: 1,
  interOpThreads: 1,
  deterministic: true,
} as const;
const at = { requestId, experimentId, name: 'spurious-colour', preset: 'quick' };
const request = { ...at, basePreset: 'quick', seeds: null, set: [], freshNonce: null, priority: 0 };
const terminal = { runId, attempt: 1, finishedAt: '2026-01-01T00:01:00.000Z', seconds: 60 };
const point = {
  metric: 'error',
  variant: null,
  split: 'test',
  class: null,
  group: null,
  step: 1,
  value: 0.25,
  nonFinite: null,
};
const key = { idempotencyKey: 'k1' };

const data: { [T in MessageType]: MessageData<T> } = {
  'dataset.ingest': { ingestId, name: 'mnist', parameters: {}, source: null, ...key },
  'dataset.delete': { versionId: exampleManifest.versionId, name: 'mnist', ...key },
  'dataset.ingestProgress': { ingestId, name: 'mnist', phase: 'reading', doneBytes: 5, totalBytes: 10 },
  'dataset.versionCreated': {
    ingestId,
    name: 'mnist',
    parameters: {},
    prefix: 'datasets/x/y/',
    manifest: exampleManifest,
  },
  'dataset.ingestFailed': { ingestId, name: 'mnist', parameters: {}, error: 'train-images: truncated at byte 12' },
  'dataset.versionDeleted': { versionId: exampleManifest.versionId, name: 'mnist' },
  'experiment.run': { ...request, ...key },
  'experiment.delete': { experimentId, name: 'spurious-colour', ...key },
  'experiment.accepted': { ...request, waitingFor: [{ ingestId, name: 'mnist' }] },
  'experiment.expanded': { ...at, runs: [{ runId, cell: 'mixup, jitter 0', method: 'mixup', seed: 100 }] },
  'experiment.failed': { ...at, error: 'no data' },
  'experiment.deleted': { experimentId, name: 'spurious-colour', removing: [{ runId, attempt: 1 }] },
  'run.create': {
    runId,
    spec: exampleSpec,
    specHash: runSpecHash(exampleSpec),
    datasetVersionId: exampleManifest.versionId,
    priority: 0,
    ...key,
  },
  'run.cancel': { runId, ...key },
  'run.retry': { runId, ...key },
  'run.delete': { runId, ...key },
  'run.queued': {
    runId,
    spec: exampleSpec,
    specHash: runSpecHash(exampleSpec),
    datasetVersionId: exampleManifest.versionId,
    attempt: 1,
    priority: 0,
  },
  'run.claimed': { runId, owner: 'runner-1', attempt: 1 },
  'run.started': { runId, attempt: 1, fingerprint, totalSteps: 4, resumedFromStep: null },
  'run.checkpointed': { runId, step: 2, epoch: 1, prefix: `runs/${runId}/checkpoints/1-2/` },
  'run.cancelRequested': { runId, attempt: 1 },
  'run.succeeded': {
    ...terminal,
    resultKey: `runs/${runId}/results/1.json`,
    fingerprints: [fingerprint],
    numericsChanged: false,
  },
  'run.failed': { ...terminal, failure: { kind: 'NON_FINITE', message: 'loss is NaN at step 3' } },
  'run.cancelled': terminal,
  'run.rejected': { runId, command: 'run.cancel', because: 'the run is finished', idempotencyKey: null },
  'run.deleted': { runId },
  'run.metricPoints': { runId, points: [point, { ...point, value: null, nonFinite: 'NaN' }] },
  'run.progress': { runId, step: 1, totalSteps: 4, epoch: 0.5, examplesPerSecond: 1000, etaSeconds: 3 },
  'run.logLines': { runId, lines: [{ at: '2026-01-01T00:00:01.000Z', level: 'info', text: 'epoch 1' }] },
  'analysis.analyse': { runId, ...key },
  'analysis.completed': {
    analysisId,
    runId,
    attempt: 1,
    metrics: [
      {
        name: 'error',
        variant: null,
        split: 'test',
        epoch: 2,
        selection: 'last',
        value: 0.2,
        nonFinite: null,
        perClass: [0.1, 0.3],
        perGroup: null,
      },
    ],
    signs: [{ name: 'persisting', epoch: 2, because: 'ratio 0.95 of its first value' }],
    artifacts: [
      {
        name: 'metrics.parquet',
        kind: 'table',
        mediaType: 'application/vnd.apache.parquet',
        key: `analyses/${analysisId}/tables/metrics.parquet`,
        sizeBytes: 10,
        sha256: 'aa'.repeat(32),
      },
    ],
  },
  'analysis.failed': { analysisId, runId, attempt: 1, error: 'logits.npy: hash differs' },
  'experiment.judged': {
    ...at,
    comparisons: [
      {
        claim: '4',
        primary: true,
        smallestEffect: 0.01,
        selection: 'last',
        testSetLow: null,
        testSetHigh: null,
        metric: 'follows-colour',
        variant: null,
        split: 'test-random',
        condition: 'jitter 0',
        a: 'mixup',
        b: 'erm',
        seeds: 6,
        meanA: 0.7,
        meanB: 0.6,
        difference: 0.1,
        low: 0.05,
        high: 0.15,
        test: 'paired t',
        p: 0.001,
        pAdjusted: 0.002,
      },
    ],
    verdicts: [{ claim: '4', verdict: 'SUPPORTED', because: '6 of 6' }],
    artifacts: [],
  },
  'workspace.idempotencyKeyUsed': {
    idempotencyKey: 'k1',
    mutation: 'createRun',
    argumentsHash: 'bb'.repeat(32),
    entityId: runId,
  },
};

/** One envelope of every message type. */
export const exampleEnvelopes: readonly AnyEnvelope[] = Object.entries(data).map(
  ([type, d], i) =>
    ({
      id: `example:${i}`,
      type,
      source: 'example',
      subject: runId,
      time: '2026-01-01T00:00:00.000Z',
      projectId: localProject,
      term: 1,
      traceparent: null,
      data: d,
    }) as AnyEnvelope,
);
