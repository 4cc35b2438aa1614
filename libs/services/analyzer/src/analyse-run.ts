import {
  analysisIdOf,
  datasetIdOf,
  datasetManifest,
  decodeSafetensors,
  encodeNumber,
  objectKeys,
  runRecord,
  runResult,
  weightDecayDose,
} from '@minvar/contracts';
import type {
  ArtifactRef,
  DatasetManifest,
  EnvelopeOf,
  MessageData,
  MetricValue,
  PassStatistics,
  RunAnalysis,
  RunRecord,
  RunResult,
  StoredOutput,
} from '@minvar/contracts';
import { createMetricFold, metrics as registry, metricValues, spectrumOf, spectrumTable } from '@minvar/metrics';
import type { MetricContext, MetricFold, MetricRow, Scatter, TableRow } from '@minvar/metrics';
import type { ObjectStore } from '@minvar/service-kit';
import { breathe } from './breathe';
import { answerId } from './knowledge';
import type { Work } from './knowledge';
import { openOutput, readExact, readLastLayer, readSeries, statisticsOf } from './outputs';
import type { Output } from './outputs';
import { reEstimated } from './re-estimated';
import { atTrainLoss, bestOnValidation, lastTenMedian } from './selections';
import { failureSigns } from './signs';
import { metricRows, parquetOf, parquetOfRows, storeArtifact } from './tables';

type Reader = Pick<ObjectStore, 'get' | 'getStream'>;
type AnalyseWork = Extract<Work, { kind: 'analyse' }>;

const readJson = async (store: Reader, key: string): Promise<unknown> =>
  JSON.parse(Buffer.from((await store.get(key)).body).toString('utf8'));

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
  return value === null ? [] : [plainValue('decodability', split, epoch, value)];
}

const plainValue = (name: string, split: string, epoch: number, value: number): MetricValue => ({
  name,
  variant: null,
  split,
  epoch,
  selection: 'last',
  ...encodeNumber(value),
  perClass: null,
  perGroup: null,
});

/** Rows of a pass, named after its statistics. */
const suffixed = (rows: readonly MetricRow[], statistics: PassStatistics): MetricRow[] =>
  rows.map((r) => (statistics === 'as-trained' ? r : { ...r, variant: reEstimated(r.variant) }));

/** Rows handed to the folds in one go; between blocks the process answers others. */
const block = 2048;

/** The whole covariance is measured up to this width: its work grows with the square, that of its directions with the third power. */
const widestSpectrum = 128;

function metricsFor(width: number): string[] {
  const dear = width <= widestSpectrum ? ['variance-spectrum'] : [];
  return Object.values(registry).flatMap((m) => (m.onRequest && !dear.includes(m.name) ? [] : [m.name]));
}

/** Dimensions of a vector dataset: those that tell a spurious attribute are its low-variance part. */
const featuresOf = ({ features, attribute }: DatasetManifest): MetricContext['features'] =>
  features && { ...features, spurious: attribute ? features.low : [] };

/** A forward pass that was measured: its numbers, its reliability curve, and its covariance where that was asked for. */
interface Measured {
  readonly split: string;
  readonly epoch: number;
  readonly statistics: PassStatistics;
  readonly rows: readonly MetricRow[];
  readonly reliability: readonly TableRow[];
  readonly scatter: Scatter | null;
}

/** Hands a stored pass to a fold in blocks. */
async function feed(fold: MetricFold, output: Output): Promise<void> {
  for await (const { examples: _, ...rows } of output.rows(block)) {
    fold.add(rows);
    await breathe();
  }
}

/** A run's record, what it left behind, and the data it was trained on. */
interface Material {
  readonly record: RunRecord;
  readonly result: RunResult;
  readonly manifest: DatasetManifest;
  readonly lastEpoch: number;
}

/** All metrics of a stored forward pass whose inputs are there. */
async function measurePass(
  store: Reader,
  stored: StoredOutput,
  { record, result, manifest, lastEpoch }: Material,
): Promise<Measured> {
  const output = await openOutput(store, stored, result.outputs);
  const { split, epoch } = output;
  const fold = createMetricFold({
    split,
    metrics: metricsFor(output.width),
    details: true,
    context: {
      classes: manifest.classes,
      attributes: manifest.attribute?.values ?? [],
      smoothing: smoothingOf(record.spec),
      lastLayer: await lastLayerOf(store, result, epoch, epoch === lastEpoch, output),
      // Only in a linear model does the last layer weigh the input's own parts.
      features: record.spec.model.name === 'linear' ? featuresOf(manifest) : null,
    },
  });
  await feed(fold, output);
  const again = fold.again();
  if (again) await feed(again, output);
  const scatter = fold.statistics.get('scatter') as Scatter | undefined;
  return {
    split,
    epoch,
    statistics: statisticsOf(stored),
    rows: [...fold.rows(), ...(again?.rows() ?? [])],
    reliability: fold.tables().find((t) => t.name === 'ece')?.rows ?? [],
    scatter: scatter && scatter.width > 0 ? scatter : null,
  };
}

/** Curves and spectra of the passes as tables. Directions are fitted on the training split and judged on each split. */
function passTables(measured: readonly Measured[]): { readonly name: string; readonly rows: TableRow[] }[] {
  const at = ({ split, epoch, statistics }: Measured): TableRow => ({ split, epoch, statistics });
  const spectrum = measured.flatMap((train) => {
    if (train.split !== 'train' || !train.scatter) return [];
    const fitted = spectrumOf(train.scatter);
    return measured
      .filter((m) => m.scatter && m.epoch === train.epoch && m.statistics === train.statistics)
      .flatMap((m) => spectrumTable(fitted, m.scatter!).map((row) => ({ ...at(m), fitted_on: 'train', ...row })));
  });
  return [
    { name: 'reliability', rows: measured.flatMap((m) => m.reliability.map((row) => ({ ...at(m), ...row }))) },
    { name: 'variance-spectrum', rows: spectrum },
  ].filter((t) => t.rows.length > 0);
}

/** Numbers of the passes as they are stored; `last` names those of the last epoch, `epoch` the others. */
function passValues(measured: readonly Measured[], { manifest, lastEpoch }: Material): MetricValue[] {
  return measured.flatMap(({ split, epoch, statistics, rows }) => {
    const selection = epoch === lastEpoch ? 'last' : 'epoch';
    const values = metricValues(suffixed(rows, statistics), { split, epoch, selection });
    const own = epoch === lastEpoch && statistics === 'as-trained' ? decodabilityOf(manifest, split, epoch) : [];
    return [...values, ...own];
  });
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
  const material = { record, result, manifest, lastEpoch: Math.max(...result.outputs.map((o) => o.epoch)) };
  const points = await readSeries(store, result.chunks);
  const measured: Measured[] = [];
  for (const stored of result.outputs) measured.push(await measurePass(store, stored, material));
  const metrics = [
    ...passValues(measured, material),
    plainValue('weight-decay-dose', 'train', material.lastEpoch, weightDecayDose(record.spec.optimizer, result.steps)),
    ...lastTenMedian(points),
    ...bestOnValidation(points),
    ...atTrainLoss(points),
  ];
  const signs = failureSigns(points, metrics, manifest.classes);
  const analysisId = analysisIdOf(record.projectId, runId, run.attempt);
  const tables = [
    { name: 'metrics', bytes: parquetOf(metricRows(metrics, manifest.classes)) },
    ...passTables(measured).map(({ name, rows }) => ({ name, bytes: parquetOfRows(rows) })),
  ];
  const artifacts: ArtifactRef[] = [];
  for (const { name, bytes } of tables) {
    const path = `tables/${name}.parquet`;
    artifacts.push(await storeArtifact(store, analysisId, path, 'table', 'application/vnd.apache.parquet', bytes));
  }
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
    metrics,
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
