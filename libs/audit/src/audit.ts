import { encodeNumber } from '@minvar/contracts';
import {
  createMetricFold,
  metrics as registry,
  metricValues,
  scatterFromGram,
  spectrumMeasurements,
  spectrumOf,
  spectrumTable,
} from '@minvar/metrics';
import type { ClassMoments, MetricContext, MetricFold, MetricRow, Scatter } from '@minvar/metrics';
import { startGram } from './gram/start-gram';
import type { GramWork } from './gram/start-gram';
import { readAttribute, readLabels } from './labels';
import { checkActivations, checkLogits, looksLikeProbabilities, readWeights } from './matrices';
import { openNpy } from './npy/npy-file';
import type { NpyFile } from './npy/npy-file';
import type { AuditReport } from './report';
import { createThreads } from './threads';
import type { Threads } from './threads';

export interface AuditFiles {
  readonly activations: string;
  readonly labels: string;
  readonly attribute?: string | null;
  readonly logits?: string | null;
  readonly weights?: string | null;
}

export interface AuditOptions {
  /** bundled worker program; null measures in this thread */
  readonly workerUrl: URL | null;
  readonly threads: number;
  /** bundled TensorFlow child; null where TensorFlow is not set up */
  readonly gramProgram: string | null;
  /** steps in words, for people who wait */
  readonly onStep?: (text: string) => void;
}

/** Multiplications up to which the whole covariance is worked out here, in float64; beyond, TensorFlow does it. */
const ownSpectrum = 4e9;
/** exp() calls a pass over the logits up to which temperatures are fitted. */
const mostExponentials = 2e7;

interface Material {
  readonly activations: NpyFile;
  readonly logits: NpyFile | null;
  readonly labels: Int32Array;
  readonly attributes: Int32Array | null;
  readonly context: MetricContext;
  readonly files: readonly NpyFile[];
  readonly notes: readonly string[];
}

const numbered = (n: number): string[] => Array.from({ length: n }, (_, i) => String(i));

/** Opens and checks everything; the activations themselves are read later. */
function open(given: AuditFiles): Material {
  const files: NpyFile[] = [];
  const opened = (option: string, path: string): NpyFile => {
    files.push(openNpy(option, path));
    return files.at(-1)!;
  };
  const optional = (option: string, path: string | null | undefined): NpyFile | null =>
    path === null || path === undefined ? null : opened(option, path);
  try {
    const activations = opened('--activations', given.activations);
    const [labelFile, logits] = [opened('--labels', given.labels), optional('--logits', given.logits)];
    const [weights, attribute] = [optional('--weights', given.weights), optional('--attribute', given.attribute)];
    checkActivations(activations);
    const n = activations.rows;
    if (logits) checkLogits(logits, n);
    const outputs = logits
      ? { count: logits.width, name: logits.name }
      : weights?.shape.length === 2 && weights.width === activations.width
        ? { count: weights.rows, name: weights.name }
        : null;
    const { labels, classes } = readLabels(labelFile, n, outputs);
    const found = attribute ? readAttribute(attribute, n) : null;
    const context: MetricContext = {
      classes: numbered(classes),
      attributes: numbered(found?.values ?? 0),
      smoothing: { alpha: 0, convention: 'all' },
      lastLayer: weights ? readWeights(weights, classes, activations.width) : null,
    };
    const doubtful =
      logits && looksLikeProbabilities(logits)
        ? [
            `${logits.name}: its rows are probabilities, and were taken for logits all the same; of probabilities p save np.log(p)`,
          ]
        : [];
    const notes = [...files.flatMap((f) => f.notes), ...doubtful];
    return { activations, logits, labels, attributes: found?.attributes ?? null, context, files, notes };
  } catch (e) {
    files.forEach((f) => f.close());
    throw e;
  }
}

/** Adds all rows to the fold, each thread its share of them. */
async function pass(fold: MetricFold, m: Material, threads: Threads): Promise<void> {
  const n = m.activations.rows;
  const share = Math.ceil(n / threads.count);
  const tasks = Array.from({ length: threads.count }, (_, i) => ({
    activations: m.activations.path,
    logits: m.logits?.path ?? null,
    labels: m.labels,
    attributes: m.attributes,
    context: m.context,
    statistics: structuredClone(fold.statistics),
    from: Math.min(n, i * share),
    to: Math.min(n, (i + 1) * share),
  }));
  for (const statistics of await threads.run(tasks)) fold.merge({ statistics });
}

interface Spectrum {
  readonly scatter: Scatter;
  readonly precision: NonNullable<AuditReport['spectrum']>['precision'];
}

/** The covariance as it was worked out, here or by TensorFlow; or the sentence that says why not. */
async function spectrumFrom(fold: MetricFold, gram: GramWork | null, own: boolean): Promise<Spectrum | string> {
  if (own) return { scatter: fold.statistics.get('scatter') as Scatter, precision: 'float64' };
  const left = 'The variance spectrum is left out:';
  if (!gram) return `${left} at this size it needs TensorFlow, which is not set up here; \`npm start\` does that once.`;
  const answer = await gram.answer;
  if (!answer.ok) return `${left} TensorFlow failed on it (${answer.message}).`;
  const moments = fold.statistics.get('activations') as ClassMoments;
  const byAttribute = fold.statistics.get('attributeActivations') as ClassMoments;
  return {
    scatter: scatterFromGram(answer.gram, answer.shift, moments, byAttribute),
    precision: 'float32 products added in float64',
  };
}

const place = { split: 'all', epoch: 0, selection: 'last' };

function reportOf(
  m: Material,
  rows: readonly MetricRow[],
  fold: MetricFold,
  found: Spectrum | string,
  more: readonly string[],
): Omit<AuditReport, 'seconds'> {
  const counts = (fold.statistics.get('activations') as ClassMoments).counts;
  const spectrum = typeof found === 'string' ? null : { ...found, values: spectrumOf(found.scatter) };
  const own: MetricRow[] = spectrum
    ? spectrumMeasurements(spectrum.values).map((row) => ({ name: 'variance-spectrum', ...row }))
    : [];
  const metrics = metricValues([...rows.filter((r) => r.name !== 'variance-spectrum'), ...own], place)
    .map(({ name, variant, value, nonFinite, perClass, perGroup }) => ({
      name,
      variant,
      value,
      nonFinite,
      perClass,
      perGroup,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const curve = fold.tables().find((t) => t.name === 'ece')?.rows;
  return {
    files: m.files.map(({ name, path, dtype, shape }) => ({ option: name.split(' ')[0]!, path, dtype, shape })),
    examples: m.activations.rows,
    dimensions: m.activations.width,
    classes: m.context.classes.length,
    perClass: Array.from(counts),
    metrics,
    reliability: (curve as AuditReport['reliability'] | undefined) ?? null,
    spectrum: spectrum && {
      rank: spectrum.values.rank,
      precision: spectrum.precision,
      directions: spectrumTable(spectrum.values, spectrum.scatter).map((row) => ({
        ...row,
        attribute: encodeNumber(row.attribute).value,
      })),
    },
    notes: [...m.notes, ...more, ...(typeof found === 'string' ? [found] : [])],
  };
}

/** Sentences for what the files at hand cannot tell. */
function missing({ logits, attributes, context }: Material): string[] {
  return [
    ...(logits ? [] : ['Without --logits there is nothing to say of error, loss, calibration and outputs.']),
    ...(context.lastLayer
      ? []
      : ['Without --weights there is no gauge-fixed variance, self-duality or simplex of the weights.']),
    ...(attributes ? [] : ['Without --attribute there are no group metrics and no probe of the attribute.']),
  ];
}

/**
 * Every measurement on features that anybody made, from `.npy` files, without training. Activations are streamed: first all that class means
 * are made of, then what needs class means first. Exact in float64, but for the spectrum where `precision` says so.
 *
 * @throws AuditInputError when a file is not what it should be: which one, where, and the way out
 */
export async function audit(given: AuditFiles, options: AuditOptions): Promise<AuditReport> {
  const began = performance.now();
  const step = options.onStep ?? (() => {});
  const m = open(given);
  const { rows: n, width } = m.activations;
  const own = n * width ** 2 <= ownSpectrum;
  const details = !m.logits || n * m.logits.width <= mostExponentials;
  const more = [
    ...missing(m),
    ...(details ? [] : ['Variants at a fitted or matched temperature are left out: too many logits.']),
  ];
  const threads = createThreads(options.workerUrl, Math.max(1, Math.min(options.threads, Math.ceil(n / 1000))));
  const gram = own || !options.gramProgram ? null : startGram(options.gramProgram, { activations: given.activations });
  try {
    const fold = createMetricFold({
      context: m.context,
      // a name under which the probe of the attribute is measured, and nothing that is about training examples
      split: 'test',
      metrics: Object.values(registry).flatMap((r) =>
        r.onRequest && !(own && r.name === 'variance-spectrum') ? [] : [r.name],
      ),
      details,
    });
    step(`${n} examples of ${width} dimensions: class means and variances`);
    await pass(fold, m, threads);
    const again = fold.again();
    step('distances to class means');
    const second = again ? pass(again, m, threads) : null;
    // While the other threads look a second time, this one works out what the first look told.
    const first = fold.rows();
    await second;
    const rows = [...first, ...(again?.rows() ?? [])];
    step('spectrum');
    const found = await spectrumFrom(fold, gram, own);
    return { ...reportOf(m, rows, fold, found, more), seconds: (performance.now() - began) / 1000 };
  } finally {
    gram?.stop();
    await threads.close();
    m.files.forEach((f) => f.close());
  }
}
