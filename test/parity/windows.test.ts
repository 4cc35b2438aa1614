import './quiet';
import { cast, conv2d, gradients, input, maxPool, mul, program, reduceSum } from '@minvar/graph';
import type { Value } from '@minvar/graph';
import { openSession } from '@minvar/tf-runtime';
import { describe, expect, it } from 'vitest';
import { distance, spread } from './closed-form';
import type { Digest } from './closed-form';
import { golden } from './golden';
import { fromTorch, toTorch } from './network';

interface Case {
  readonly rows: number;
  readonly columns: number;
  readonly shape: readonly number[];
  readonly y: Digest;
  readonly dx: Digest;
}
interface Golden {
  readonly convolutions: readonly (Case & { kernel: number; stride: number; padding: number; dw: Digest })[];
  readonly pools: readonly Case[];
}
const { convolutions, pools } = golden<Golden>('windows');
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** y and the derivatives of its product with the closed-form cotangent. */
function run(shape: readonly number[], wrt: Record<string, Value>, y: Value, feeds: Record<string, ArrayLike<number>>) {
  const cotangent = input('cotangent', y.dtype, shape);
  const slopes = gradients(reduceSum(mul(y, cotangent)), Object.values(wrt));
  const outputs = { y, ...Object.fromEntries(Object.keys(wrt).map((name, i) => [`d${name}`, slopes[i]!])) };
  const session = openSession({
    program: program({ signatures: { run: { inputs: { ...wrt, cotangent }, outputs } } }),
  });
  const result = session.run('run', {
    ...Object.fromEntries(Object.entries(feeds).map(([name, values]) => [name, Array.from(values)])),
    cotangent: spread('cotangent', sizeOf(shape), 0, 1),
  });
  session.close();
  expect(result['y']!.shape).toEqual(shape);
  return result as Record<string, { data: Float64Array }>;
}

describe('padding is PyTorch’s, forward and in both derivatives', () => {
  it.each(convolutions)('$kernel×$kernel at stride $stride, padding $padding, on $rows×$columns', (c) => {
    const filter = [c.kernel, c.kernel, 2, 3];
    const [x, w] = [input('x', 'float64', [null, c.rows, c.columns, 2]), input('w', 'float64', filter)];
    const y = conv2d(x, w, { strides: c.stride, padding: c.padding });
    const {
      y: made,
      dx,
      dw,
    } = run(c.shape, { x, w }, y, {
      x: spread('x', 2 * c.rows * c.columns * 2, 0, 1),
      w: fromTorch(spread('w', sizeOf(filter), 0, 1), filter),
    });
    expect(distance(made!.data, c.y)).toBeLessThan(1e-11);
    expect(distance(dx!.data, c.dx)).toBeLessThan(1e-11);
    expect(distance(toTorch(dw!.data, filter), c.dw)).toBeLessThan(1e-11);
  });
});

describe('max pooling pads with −∞', () => {
  const cases = pools.flatMap((c) => (['float64', 'float32', 'bfloat16'] as const).map((dtype) => ({ ...c, dtype })));
  it.each(cases)('3×3 at stride 2, padding 1, on $rows×$columns negative numbers, in $dtype', (c) => {
    const x = input('x', 'float64', [null, c.rows, c.columns, 2]);
    const y = cast(maxPool(cast(x, c.dtype), { size: 3, strides: 2, padding: 1 }), 'float64');
    const { y: made, dx } = run(c.shape, { x }, y, { x: spread('x', 2 * c.rows * c.columns * 2, -2, 1) });
    const bound = { float64: 1e-11, float32: 1e-6, bfloat16: 2 ** -7 }[c.dtype];
    expect(distance(made!.data, c.y)).toBeLessThan(bound);
    // Rounded to 8 bits, neighbours tie: who then receives the derivative is anyone's choice.
    if (c.dtype !== 'bfloat16') expect(distance(dx!.data, c.dx)).toBeLessThan(bound);
  });
});
