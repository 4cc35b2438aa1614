import type { DatasetManifest, MetricPoint } from '@minvar/contracts';
import { encodeNumber } from '@minvar/contracts';
import type { ResidentSplit } from './data';

export interface LiveFold {
  add(logits: Float32Array, activations: Float32Array, from: number): void;
  points(name: string, epoch: number): MetricPoint[];
}

export function createLiveFold(manifest: DatasetManifest, split: ResidentSplit, examples: number): LiveFold {
  const classes = manifest.classes.length;
  let wrong = 0;
  let nll = 0;
  let n = 0;
  return {
    add: (logits, _activations, from) => {
      const rows = Math.min(logits.length / classes, examples - from);
      for (let i = 0; i < rows; i++) {
        const z = logits.subarray(i * classes, (i + 1) * classes);
        const y = split.labels[from + i]!;
        const max = Math.max(...z);
        nll += max - z[y]! + Math.log(z.reduce((a, v) => a + Math.exp(v - max), 0));
        if (z.indexOf(max) !== y) wrong++;
        n++;
      }
    },
    points: (name, epoch) => [
      {
        metric: 'error',
        variant: null,
        split: name,
        class: null,
        group: null,
        step: epoch,
        ...encodeNumber(wrong / n),
      },
      { metric: 'loss', variant: null, split: name, class: null, group: null, step: epoch, ...encodeNumber(nll / n) },
    ],
  };
}
