import type { DataStream } from './random';

/** A part of a synthetic vector: where its class centres are and how far examples lie from them. */
export interface Part {
  readonly classes: number;
  readonly dims: number;
  readonly margin: number;
  readonly deviation: number;
}

/** Two classes: ±margin in every dimension. More: margin in the dimensions d with d mod K = k, 0 in the others. */
function centre(part: Part, k: number, d: number): number {
  if (part.classes === 2) return k === 1 ? part.margin : -part.margin;
  return d % part.classes === k ? part.margin : 0;
}

/** Offset of unit standard deviation. */
function offset(shape: 'point' | 'uniform' | 'gaussian', random: DataStream): number {
  if (shape === 'gaussian') return random.normal();
  if (shape === 'uniform') return Math.sqrt(3) * (2 * random.uniform() - 1);
  return random.below(2) === 0 ? -1 : 1;
}

/** Writes one example of class k into `out` from `at`. Within a class, dimensions are independent. */
export function partSample(
  part: Part,
  k: number,
  shape: 'point' | 'uniform' | 'gaussian' | 'grid',
  random: DataStream,
  out: Float32Array,
  at: number,
): void {
  if (shape === 'grid') throw new Error('partSample: a grid is enumerated, not sampled');
  for (let d = 0; d < part.dims; d++) {
    const x = centre(part, k, d);
    // a part without deviation draws nothing
    out[at + d] = part.deviation === 0 ? x : x + part.deviation * offset(shape, random);
  }
}

/**
 * The grid of class k: in each dimension `points` equidistant values from centre − deviation to centre + deviation (the last
 * dimension varies fastest). Two classes mirror each other: the value is y·u, so u ascends for y = +1 and −u for y = −1.
 */
export function partGrid(part: Part, k: number, points: number): number[][] {
  const sign = part.classes === 2 && k === 0 ? -1 : 1;
  const step = (i: number): number => {
    if (points === 1) return 0;
    // (2i − (n − 1)) / (n − 1) in one division: 1.05 comes out as the float64 nearest to 1.05, not a sum of rounded steps
    return (part.deviation * (2 * i - (points - 1))) / (points - 1);
  };
  let rows: number[][] = [[]];
  for (let d = 0; d < part.dims; d++) {
    rows = rows.flatMap((row) =>
      Array.from({ length: points }, (_, i) => [...row, centre(part, k, d) + sign * step(i)]),
    );
  }
  return rows;
}
