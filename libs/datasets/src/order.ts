import { dataStream } from './random';

/**
 * The fixed order of a training set of n examples, the same for every dataset made from the same source, so that the first
 * `data.limit` examples are a random subset that never changes. With `validation`, the last tenth (at most 5,000) is set aside.
 */
export function trainingOrder(n: number, validation: boolean): { train: Int32Array; validation: Int32Array | null } {
  const order = dataStream('order').permutation(n);
  if (!validation) return { train: order, validation: null };
  const aside = Math.min(5000, Math.floor(n / 10));
  return { train: order.subarray(0, n - aside), validation: order.subarray(n - aside) };
}
