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

/** Where each example of the source goes within one split; −1: it is in another one. */
export interface SplitRows {
  readonly name: string;
  readonly examples: number;
  readonly rowOf: Int32Array;
}

/**
 * `trainingOrder` seen from the source: for `train`, and `validation` when it is wanted, the row of each of the n examples. With it a split is
 * filled as its source is read, without a second copy.
 */
export function trainingRows(n: number, validation: boolean): SplitRows[] {
  const order = trainingOrder(n, validation);
  const rows = (name: string, of: Int32Array): SplitRows => {
    const rowOf = new Int32Array(n).fill(-1);
    of.forEach((example, row) => (rowOf[example] = row));
    return { name, examples: of.length, rowOf };
  };
  return [rows('train', order.train), ...(order.validation ? [rows('validation', order.validation)] : [])];
}

/** A split in the order of its source. */
export const sourceRows = (name: string, n: number): SplitRows => ({
  name,
  examples: n,
  rowOf: Int32Array.from({ length: n }, (_, i) => i),
});
