import type { DatasetManifest, MetricPoint } from '@minvar/contracts';
import { stagePrefix } from '@minvar/contracts';
import { createMetricFold, metricPoints } from '@minvar/metrics';
import type { MetricContext, MetricRow } from '@minvar/metrics';
import type { LiveSplit } from './evaluate';
import type { PassRows } from './outputs';

/** What is folded after each epoch, main variants only and each stage as a whole; the analyzer folds everything over the stored arrays. */
const liveMetrics = [
  'error',
  'loss',
  'activation-variance',
  'activation-variance-ratio',
  'variance-by-stage',
  'output-variance',
  'bound-slack',
  'worst-group-accuracy',
  'follows-colour',
  'minority-train-accuracy',
];

export interface LiveFold {
  /** rows of the split from row `from` on, by the names of stored arrays; those beyond the live part are left out */
  readonly add: (rows: PassRows, from: number) => void;
  readonly points: (epoch: number) => MetricPoint[];
}

/** Folds one live split of one epoch into points. */
export function createLiveFold(
  { split, name, examples }: LiveSplit,
  manifest: DatasetManifest,
  smoothing: MetricContext['smoothing'],
): LiveFold {
  const classes = manifest.classes;
  const context: MetricContext = { classes, attributes: manifest.attribute?.values ?? [], smoothing };
  const fold = createMetricFold({ context, split: split.name, metrics: liveMetrics });
  return {
    add: (rows, from) => {
      const given = rows.logits!.length / classes.length;
      const n = Math.min(given, examples - from);
      if (n <= 0) return;
      const first = (values: Float32Array): Float32Array => values.subarray(0, n * (values.length / given));
      const stages = Object.entries(rows).filter(([array]) => array.startsWith(stagePrefix));
      fold.add({
        labels: split.labels.subarray(from, from + n),
        attributes: split.attributes?.subarray(from, from + n) ?? null,
        logits: first(rows.logits!),
        activations: first(rows.activations!),
        stages: Object.fromEntries(stages.map(([array, x]) => [array.slice(stagePrefix.length), first(x)])),
      });
    },
    points: (epoch) => metricPoints(fold.rows().flatMap(shown), { split: name, step: epoch }, classes),
  };
}

/** Classes are shown of main variants only. */
function shown(row: MetricRow): MetricRow[] {
  if (row.variant === null) return [row];
  const { name, variant, value } = row;
  return name === 'variance-by-stage' ? [{ name, variant, value }] : [];
}
