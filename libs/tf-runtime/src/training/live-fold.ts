import type { DatasetManifest, MetricPoint } from '@minvar/contracts';
import { createMetricFold, metricPoints } from '@minvar/metrics';
import type { MetricContext } from '@minvar/metrics';
import type { LiveSplit } from './evaluate';

/** What is folded after each epoch, main variants only; the analyzer folds everything over the stored arrays. */
const liveMetrics = [
  'error',
  'loss',
  'activation-variance',
  'activation-variance-ratio',
  'output-variance',
  'bound-slack',
  'worst-group-accuracy',
  'follows-colour',
  'minority-train-accuracy',
];

export interface LiveFold {
  /** rows of the split from row `from` on; those beyond the live part are left out */
  readonly add: (logits: Float32Array, activations: Float32Array, from: number) => void;
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
    add: (logits, activations, from) => {
      const rows = Math.min(logits.length / classes.length, examples - from);
      if (rows <= 0) return;
      const width = activations.length / (logits.length / classes.length);
      fold.add({
        labels: split.labels.subarray(from, from + rows),
        attributes: split.attributes?.subarray(from, from + rows) ?? null,
        logits: logits.subarray(0, rows * classes.length),
        activations: activations.subarray(0, rows * width),
      });
    },
    points: (epoch) =>
      metricPoints(
        fold.rows().filter((row) => row.variant === null),
        { split: name, step: epoch },
        classes,
      ),
  };
}
