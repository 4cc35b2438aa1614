import {
  analysisIdOf,
  datasetIdOf,
  datasetManifest,
  decodeSafetensors,
  encodeNumber,
  objectKeys,
  runRecord,
  runResult,
} from '@minvar/contracts';
import type {
  ArtifactRef,
  DatasetManifest,
  EnvelopeOf,
  MessageData,
  MetricValue,
  RunAnalysis,
  RunRecord,
  RunResult,
} from '@minvar/contracts';
import { createMetricFold, metricValues } from '@minvar/metrics';
import type { MetricContext, MetricRow } from '@minvar/metrics';
import type { ObjectStore } from '@minvar/service-kit';
import { fitMessage } from './fit-message';
import { answerId } from './knowledge';
import type { Work } from './knowledge';
import { readExact, readLastLayer, readOutput, readSeries, statisticsOf } from './outputs';
import type { Output } from './outputs';
import { bestOnValidation, lastTenMedian } from './selections';
import { failureSigns } from './signs';
import { metricRows, parquetOf, storeArtifact } from './tables';

type Reader = Pick<ObjectStore, 'get'>;
type AnalyseWork = Extract<Work, { kind: 'analyse' }>;

const readJson = async (store: Reader, key: string): Promise<unknown> =>
  JSON.parse(Buffer.from((await store.get(key)).body).toString('utf8'));
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function readManifest(store: Reader, record: RunRecord): Promise<DatasetManifest> {
  const { projectId, spec, datasetVersionId } = record;
  return datasetManifest.parse(
    await readJson(
      store,
      `${objectKeys.datasetPrefix(datasetIdOf(projectId, spec.data.name), datasetVersionId)}manifest.json`,
    ),
  );
}

/**
 * The weights of the last linear layer at an epoch, K × D: those stored with its passes; else, at the last epoch, the matrix of that shape
 * among the final weights, by name where several have it.
 */
async function lastLayerOf(
  store: Reader,
  result: RunResult,
  epoch: number,
  last: boolean,
  { classes, width }: Output,
): Promise<Float32Array | null> {
  if (width === 0) return null;
  const stored = await readLastLayer(store, result.outputs, epoch);
  if (stored) {
    const [k, d] = stored.shape;
    if (k !== classes || d !== width)
      throw new Error(
        `last layer of epoch ${epoch}: ${k} × ${d}, but there are ${classes} classes and ${width} activations`,
      );
    return stored.data as Float32Array;
  }
  if (!last) return null;
  const tensors = Object.entries(decodeSafetensors(await readExact(store, result.weights), result.weights.key));
  const fitting = tensors.filter(
    ([, t]) => t.shape.length === 2 && t.shape[0] === classes && t.shape[1] === width && t.data instanceof Float32Array,
  );
  const found = fitting.length === 1 ? fitting[0] : fitting.find(([name]) => name === 'fc.weight');
  return (found?.[1].data as Float32Array | undefined) ?? null;
}

function smoothingOf({ method }: RunRecord['spec']): MetricContext['smoothing'] {
  if (method.name !== 'label-smoothing') return { alpha: 0, convention: 'all' };
  return { alpha: Number(method.alpha ?? 0), convention: method.convention === 'others' ? 'others' : 'all' };
}

/** What the dataset's own manifest says of a split: how well its attribute can be decoded. */
function decodabilityOf(manifest: DatasetManifest, split: string, epoch: number): MetricValue[] {
  const value = manifest.splits.find((s) => s.name === split)?.decodability ?? null;
  return value === null
    ? []
    : [
        {
          name: 'decodability',
          variant: null,
          split,
          epoch,
          selection: 'last',
          ...encodeNumber(value),
          perClass: null,
          perGroup: null,
        },
      ];
}

/** What the variants of a pass under re-estimated normalisation statistics end in. */
export const reEstimatedSuffix = '@re-estimated';

/** Rows of a pass under re-estimated statistics: `class-mean/mean/n@re-estimated`, the main variant `@re-estimated`. */
const suffixed = (rows: readonly MetricRow[], statistics: 'as-trained' | 're-estimated'): MetricRow[] =>
  rows.map((r) => (statistics === 'as-trained' ? r : { ...r, variant: `${r.variant ?? ''}${reEstimatedSuffix}` }));

/** Rows handed to the folds in one go; between blocks the process answers others. */
const block = 2048;

/** All metrics whose inputs are there, of every stored forward pass; `last` names those of the last epoch, `epoch` the others. */
async function measure(
  store: Reader,
  record: RunRecord,
  result: RunResult,
  manifest: DatasetManifest,
): Promise<MetricValue[]> {
  const lastEpoch = Math.max(...result.outputs.map((o) => o.epoch));
  const values: MetricValue[] = [];
  for (const stored of result.outputs) {
    const output = await readOutput(store, stored, result.outputs);
    const { split, epoch, classes, width } = output;
    const statistics = statisticsOf(stored);
    const stages = Object.entries(output.stages).map(([name, x]) => ({ name, x, width: x.length / output.examples }));
    const last = epoch === lastEpoch;
    const fold = createMetricFold({
      split,
      context: {
        classes: manifest.classes,
        attributes: manifest.attribute?.values ?? [],
        smoothing: smoothingOf(record.spec),
        lastLayer: await lastLayerOf(store, result, epoch, last, output),
        // Only in a linear model does the last layer weigh the input's own parts.
        features: record.spec.model.name === 'linear' ? manifest.features : null,
      },
    });
    for (let from = 0; from < output.examples; from += block) {
      const to = Math.min(output.examples, from + block);
      fold.add({
        labels: output.labels.subarray(from, to),
        logits: output.logits.subarray(from * classes, to * classes),
        activations: output.activations?.subarray(from * width, to * width) ?? null,
        attributes: output.attributes?.subarray(from, to) ?? null,
        stages: Object.fromEntries(stages.map((s) => [s.name, s.x.subarray(from * s.width, to * s.width)])),
      });
      await breathe();
    }
    const selection = last ? 'last' : 'epoch';
    values.push(...metricValues(suffixed(fold.rows(), statistics), { split, epoch, selection }));
    if (last && statistics === 'as-trained') values.push(...decodabilityOf(manifest, split, epoch));
  }
  return values;
}

function envelope<T extends 'analysis.completed' | 'analysis.failed'>(
  type: T,
  { runId, run, commandId }: AnalyseWork,
  now: Date,
  data: MessageData<T> & { analysisId: string },
): EnvelopeOf<T> {
  const id = commandId === null ? `${data.analysisId}:${type}` : answerId(commandId);
  return {
    id,
    type,
    source: 'analyzer',
    subject: runId,
    time: now.toISOString(),
    projectId: run.projectId,
    term: null,
    traceparent: null,
    data,
  } as EnvelopeOf<T>;
}

/**
 * Measures a succeeded run from what it stored: every metric on every stored forward pass, selections and failure signs from its
 * series. Writes table and manifest under `analyses/<id>/` and answers the event that says so. Doing it twice writes the same.
 */
export async function analyseRun(
  store: ObjectStore,
  work: AnalyseWork,
  now: Date,
): Promise<EnvelopeOf<'analysis.completed'>> {
  const { runId, run } = work;
  const record = runRecord.parse(await readJson(store, objectKeys.runSpec(runId)));
  const result = runResult.parse(await readJson(store, run.end!.resultKey!));
  if (result.outputs.length === 0) throw new Error(`run ${runId} stored no forward pass; there is nothing to measure`);
  const manifest = await readManifest(store, record);
  const points = await readSeries(store, result.chunks);
  const measured = await measure(store, record, result, manifest);
  const metrics = [...measured, ...lastTenMedian(points), ...bestOnValidation(points)];
  const signs = failureSigns(points, metrics, manifest.classes);
  const analysisId = analysisIdOf(record.projectId, runId, run.attempt);
  const table = parquetOf(metricRows(metrics, manifest.classes));
  const artifacts: ArtifactRef[] = [
    await storeArtifact(store, analysisId, 'tables/metrics.parquet', 'table', 'application/vnd.apache.parquet', table),
  ];
  const { projectId, specHash, datasetVersionId } = record;
  const splits = [...new Map(result.outputs.map((o) => [o.split, { name: o.split, examples: o.examples }])).values()];
  const analysis: RunAnalysis = {
    v: 1,
    kind: 'run',
    projectId,
    analysisId,
    runId,
    attempt: run.attempt,
    specHash,
    datasetVersionId,
    classes: manifest.classes,
    splits,
    metrics,
    signs,
    artifacts,
  };
  const text = Buffer.from(`${JSON.stringify(analysis)}\n`);
  artifacts.push(await storeArtifact(store, analysisId, 'manifest.json', 'manifest', 'application/json', text));
  return envelope('analysis.completed', work, now, {
    analysisId,
    runId,
    attempt: run.attempt,
    metrics: fitMessage(metrics),
    signs,
    artifacts,
  });
}

/** The event that says that a run could not be measured. */
export function analysisFailure(work: AnalyseWork, error: string, now: Date): EnvelopeOf<'analysis.failed'> {
  const { runId, run } = work;
  return envelope('analysis.failed', work, now, {
    analysisId: analysisIdOf(run.projectId, runId, run.attempt),
    runId,
    attempt: run.attempt,
    error,
  });
}
