import type { ExampleInput } from './node';

const fraction = (i: number): number => ((i + 1) * 0.6180339887498949) % 1;
const size = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

/** Distinct numbers spread evenly over (low, high) in an order that looks irregular (golden-ratio sequence). */
export const spread = (
  shape: readonly number[],
  { low = -1, high = 1, batch = false, skip = 0 }: { low?: number; high?: number; batch?: boolean; skip?: number } = {},
): ExampleInput => ({
  shape,
  dtype: 'float',
  values: Array.from({ length: size(shape) }, (_, i) => low + (high - low) * fraction(i + skip)),
  batch,
});

/** Given numbers. */
export const given = (
  shape: readonly number[],
  values: readonly number[],
  { dtype = 'float', batch = false }: { dtype?: ExampleInput['dtype']; batch?: boolean } = {},
): ExampleInput => ({ shape, dtype, values, batch });
