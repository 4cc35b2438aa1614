import { addBatch } from '@minvar/metrics';
import type { MetricContext, StatisticName } from '@minvar/metrics';
import { requireFinite } from './matrices';
import { openNpy } from './npy/npy-file';

/** One thread's share: statistics as they are before, and the rows that are added to them. Plain data: it crosses to another thread. */
export interface RangeTask {
  readonly activations: string;
  readonly logits: string | null;
  readonly labels: Int32Array;
  readonly attributes: Int32Array | null;
  readonly context: MetricContext;
  readonly statistics: ReadonlyMap<StatisticName, unknown>;
  readonly from: number;
  readonly to: number;
}

/** Bytes of activations that are held at a time. */
const blockBytes = 8 * 2 ** 20;

/** Adds rows from … to of the files to the statistics, block by block, and answers them. Refuses values that are not finite. */
export function measureRange(task: RangeTask): ReadonlyMap<StatisticName, unknown> {
  const activations = openNpy('--activations', task.activations);
  const logits = task.logits === null ? null : openNpy('--logits', task.logits);
  try {
    const rows = Math.max(1, Math.floor(blockBytes / (4 * activations.width)));
    for (let from = task.from; from < task.to; from += rows) {
      const to = Math.min(task.to, from + rows);
      const [h, z] = [activations.read(from, to), logits?.read(from, to) ?? null];
      requireFinite(h, from, activations);
      if (z) requireFinite(z, from, logits!);
      const batch = {
        labels: task.labels.subarray(from, to),
        attributes: task.attributes?.subarray(from, to) ?? null,
        activations: h,
        logits: z,
      };
      addBatch(task.statistics, batch, task.context);
    }
    return task.statistics;
  } finally {
    activations.close();
    logits?.close();
  }
}
