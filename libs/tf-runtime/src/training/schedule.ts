import type { RunSpec } from '@minvar/contracts';

/**
 * Learning rate of the (0-based) step of `totalSteps`, in float64. `cosine` is Loshchilov & Hutter, SGDR (ICLR 2017, arXiv 1608.03983),
 * equation 5, without restarts: from lr at the first step towards 0 after the last. `Math.cos` may differ
 * between engines in its last bit; fed as float32, that shows only at a rounding boundary.
 */
export function learningRate(optimizer: RunSpec['optimizer'], step: number, totalSteps: number): number {
  if (optimizer.schedule === 'constant') return optimizer.lr;
  return (optimizer.lr * (1 + Math.cos((Math.PI * step) / totalSteps))) / 2;
}
