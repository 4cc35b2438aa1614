import {
  cast,
  constant,
  gradients,
  input,
  isFloating,
  mul,
  program,
  reduceSum,
  add,
  type DType,
  type Example,
  type ExampleInput,
  type Program,
  type Value,
} from '@minvar/graph';
import { openSession } from '../session';

/** An example as a program: `forward` hands over its outputs, `slope` a weighted sum of them and its derivatives. */
export interface Prepared {
  readonly made: Program;
  readonly outputs: readonly Value[];
  /** Positions of the inputs with respect to which derivatives are asked for. */
  readonly differentiated: readonly number[];
}

/** Distinct weights, so that no error of a rule cancels in the sum. */
const weight = (i: number): number => 0.5 + ((i * 0.7548776662466927) % 1);

const typeOf = (i: ExampleInput, precision: 'float32' | 'float64'): DType =>
  i.dtype === 'float' ? precision : i.dtype;

/** Builds an example; with `unknownBatch` the first axis of the inputs that allow it is left unknown. */
export function prepare(
  example: Example,
  { unknownBatch = false, differentiate }: { readonly unknownBatch?: boolean; readonly differentiate: boolean },
): Prepared {
  const precision = example.precision ?? 'float64';
  const inputs = example.inputs.map((i, k) =>
    input(`input${k}`, typeOf(i, precision), unknownBatch && i.batch ? [null, ...i.shape.slice(1)] : i.shape),
  );
  const built = example.build(...inputs);
  const outputs = 'node' in built ? [built] : [...built];
  const floating = outputs.filter((v) => isFloating(v.dtype));
  const differentiable = differentiate && floating.length > 0;
  const differentiated = differentiable
    ? inputs.flatMap((v, k) => (isFloating(v.dtype) && !(example.fixed ?? []).includes(k) ? [k] : []))
    : [];
  const all = Object.fromEntries(inputs.map((v, k) => [`input${k}`, v]));
  const forward = { inputs: all, outputs: Object.fromEntries(outputs.map((v, k) => [`output${k}`, v])) };
  if (differentiated.length === 0) return { made: program({ signatures: { forward } }), outputs, differentiated };
  const sum = floating.map(weighted).reduce((a, b) => add(a, b));
  const slopes = gradients(
    sum,
    differentiated.map((k) => inputs[k]!),
  );
  const slope = {
    inputs: all,
    outputs: { sum, ...Object.fromEntries(slopes.map((g, j) => [`slope${differentiated[j]}`, g])) },
  };
  return { made: program({ signatures: { forward, slope } }), outputs, differentiated };
}

/** Σ w_i y_i, with weights that follow the last axes, so that the batch may be unknown. */
function weighted(y: Value): Value {
  const known = y.shape.findLastIndex((d) => d === null) + 1;
  const shape = y.shape.slice(known) as number[];
  const count = shape.reduce((n, d) => n * d, 1);
  const w = constant(
    Float64Array.from({ length: count }, (_, i) => weight(i)),
    { dtype: 'float64', shape },
  );
  return reduceSum(mul(y, cast(w, y.dtype)));
}

/** Runs an example: actual output shapes, and each derivative with its value by central differences. */
export function measure(example: Example, { made, differentiated }: Prepared) {
  const session = openSession({ program: made });
  try {
    const feeds = example.inputs.map((i) => ({ data: Float64Array.from(i.values), shape: i.shape }));
    const asFeeds = (list: typeof feeds) => Object.fromEntries(list.map((f, k) => [`input${k}`, f]));
    const forward = session.run('forward', asFeeds(feeds));
    const shapes = Object.values(forward).map((f) => f.shape);
    const values = Object.values(forward).map((f) => Array.from(f.data as Float64Array));
    if (differentiated.length === 0) return { shapes, values, slopes: [] };
    const result = session.run('slope', asFeeds(feeds));
    const sumAt = (position: number, change: (x: Float64Array) => void): number => {
      const data = Float64Array.from(feeds[position]!.data);
      change(data);
      const moved = feeds.map((f, k) => (k === position ? { ...f, data } : f));
      return session.run('slope', asFeeds(moved))['sum']!.data[0] as number;
    };
    const slopes = differentiated.map((position) => {
      const slope = result[`slope${position}`]!;
      const analytic = Array.from(slope.data as Float64Array);
      const measured =
        example.precision === 'float32'
          ? directional(analytic, feeds[position]!.data, (change) => sumAt(position, change))
          : elementwise(analytic, (change) => sumAt(position, change));
      return { position, shape: slope.shape, ...measured };
    });
    return { shapes, values, slopes };
  } finally {
    session.close();
  }
}

/** Each element moved by ±h: error O(h²) + O(rounding/h) ≈ 1e-10 in float64. */
function elementwise(analytic: readonly number[], sumAt: (change: (x: Float64Array) => void) => number) {
  const h = 6e-6;
  const numeric = analytic.map((_, i) => {
    const up = sumAt((x) => (x[i]! += h));
    const down = sumAt((x) => (x[i]! -= h));
    return (up - down) / (2 * h);
  });
  return { analytic: [...analytic], numeric };
}

/** In float32 the slope along a few directions with steps large enough for its rounding. */
function directional(
  analytic: readonly number[],
  at: Float64Array,
  sumAt: (change: (x: Float64Array) => void) => number,
) {
  const h = 4e-3;
  const directions = [0, 1, 2, 3].map((k) => at.map((_, i) => Math.cos(1.7 * (i + 1) * (k + 1) + k)));
  return {
    analytic: directions.map((d) => d.reduce((s, x, i) => s + x * analytic[i]!, 0)),
    numeric: directions.map((d) => {
      const up = sumAt((x) => x.forEach((_, i) => (x[i]! += h * d[i]!)));
      const down = sumAt((x) => x.forEach((_, i) => (x[i]! -= h * d[i]!)));
      return (up - down) / (2 * h);
    }),
  };
}
