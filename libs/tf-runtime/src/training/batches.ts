import type { RunSpec } from '@minvar/contracts';
import { stream } from '@minvar/random';

export interface EpochPlan {
  /** optimisation steps of an epoch */
  readonly steps: number;
  readonly batchSize: number;
  /** steps whose batch has the full size: all, or all but the last */
  readonly wholeBatches: number;
  /** indices (rows of the training split) of the examples of a step */
  batch(epoch: number, step: number): Int32Array;
}

/**
 * How an epoch over `examples` training examples is cut into batches. Every epoch has a fresh order from the `order` stream of
 * (seed, epoch), the same for all methods; the last batch is smaller when the sizes do not divide, as in PyTorch's DataLoader,
 * except that a single left-over example joins no batch: batch normalisation has no variance there.
 */
export function planEpochs(spec: Pick<RunSpec, 'seed' | 'batchSize' | 'dataOrder'>, examples: number): EpochPlan {
  const batchSize = Math.min(spec.batchSize, examples);
  const rest = examples % batchSize;
  const wholeBatches = Math.floor(examples / batchSize);
  const steps = wholeBatches + (rest > 1 ? 1 : 0);
  let known: { epoch: number; order: Int32Array } = { epoch: -1, order: new Int32Array(0) };
  return {
    steps,
    batchSize,
    wholeBatches,
    batch: (epoch, step) => {
      if (known.epoch !== epoch) {
        const order =
          spec.dataOrder === 'sequential'
            ? Int32Array.from({ length: examples }, (_, i) => i)
            : stream({ seed: spec.seed, purpose: 'order', epoch }).permutation(examples);
        known = { epoch, order };
      }
      return known.order.slice(step * batchSize, Math.min((step + 1) * batchSize, examples));
    },
  };
}
