/** A point of a finite distribution: x ∈ ℝᵈ, its class y = ±1, its weight (1 when left out). */
export interface LinearPoint {
  readonly x: readonly number[];
  readonly y: number;
  readonly weight?: number | null;
}

export const linearLosses = ['erm', 'label-smoothing', 'mixup'] as const;
export type LinearLoss = (typeof linearLosses)[number];

/** What `minvar linear` and `Query.linearSolution` take. */
export interface LinearProblem {
  readonly points: readonly LinearPoint[];
  readonly loss: LinearLoss;
  /** α of label smoothing (default 0.1), a of Mixup’s Beta(a, a) (default 1; 0 means λ = 1, which is ERM); ignored for erm */
  readonly alpha?: number | null;
  /** λ ≥ 0 of (λ/2)‖w‖², default 0; the bias is not penalised */
  readonly weightDecay?: number | null;
  /** indices of the low- and the high-variance coordinates, for `lowNorm` and `highNorm` */
  readonly low?: readonly number[] | null;
  readonly high?: readonly number[] | null;
  /** whether z = w·x + b; default false: z = w·x */
  readonly bias?: boolean | null;
}

/** A problem with every default filled in, weights summing to one, points of weight 0 dropped and equal points joined. */
export interface CompleteProblem {
  readonly points: readonly { readonly x: readonly number[]; readonly y: 1 | -1; readonly weight: number }[];
  readonly dimensions: number;
  readonly loss: LinearLoss;
  readonly alpha: number;
  readonly weightDecay: number;
  readonly low: readonly number[] | null;
  readonly high: readonly number[] | null;
  readonly bias: boolean;
}

/** A problem that cannot be posed: `path` and `value` are what is wrong, the message says what to do. */
export class LinearProblemError extends Error {
  constructor(
    readonly path: string,
    readonly value: unknown,
    expected: string,
  ) {
    super(`${path} is ${shown(value)}; expected ${expected}`);
    this.name = 'LinearProblemError';
  }
}

function shown(value: unknown): string {
  if (typeof value === 'number' || value === undefined) return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** Mixup looks at all pairs of distinct points. */
const mostMixupPoints = 2000;
const keys = ['points', 'loss', 'alpha', 'weightDecay', 'low', 'high', 'bias'];
const pointKeys = ['x', 'y', 'weight'];

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown, path: string, allowed: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new LinearProblemError(path, value, `an object with ${allowed.join(', ')}`);
  const unknown = Object.keys(value).find((k) => !allowed.includes(k));
  if (unknown !== undefined)
    throw new LinearProblemError(
      path === 'problem' ? unknown : `${path}.${unknown}`,
      (value as Fields)[unknown],
      `no such field; there are ${allowed.join(', ')}`,
    );
  return value as Fields;
}

function numberIn(value: unknown, path: string, from: number, to: number): number {
  const range =
    to < Infinity
      ? `a number from ${from} to ${to}`
      : from > -Infinity
        ? `a finite number ≥ ${from}`
        : 'a finite number';
  if (typeof value !== 'number' || !Number.isFinite(value) || value < from || value > to)
    throw new LinearProblemError(path, value, range);
  return value;
}

function listIn(value: unknown, path: string, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new LinearProblemError(path, value, what);
  return value as readonly unknown[];
}

function pointsIn(value: unknown): { x: readonly number[]; y: 1 | -1; weight: number }[] {
  const points = listIn(value, 'points', 'a list of points {x, y, weight}');
  if (points.length === 0) throw new LinearProblemError('points', value, 'at least one point');
  let width = -1;
  const read = points.map((p, i) => {
    const path = `points[${i}]`;
    const { x, y, weight } = fieldsOf(p, path, pointKeys);
    const coordinates = listIn(x, `${path}.x`, 'a list of numbers').map((v, j) =>
      numberIn(v, `${path}.x[${j}]`, -Infinity, Infinity),
    );
    if (width < 0) width = coordinates.length;
    if (coordinates.length !== width || width === 0)
      throw new LinearProblemError(
        `${path}.x`,
        x,
        width === 0 ? 'at least one coordinate' : `${width} coordinates as in points[0].x`,
      );
    if (y !== 1 && y !== -1) throw new LinearProblemError(`${path}.y`, y, '1 or -1');
    return { x: coordinates, y: y as 1 | -1, weight: numberIn(weight ?? 1, `${path}.weight`, 0, Infinity) };
  });
  const largest = read.reduce((m, p) => Math.max(m, p.weight), 0);
  if (largest === 0) throw new LinearProblemError('points', value, 'at least one point with a weight above 0');
  const total = read.reduce((s, p) => s + p.weight / largest, 0);
  const joined = new Map<string, { x: readonly number[]; y: 1 | -1; weight: number }>();
  for (const { x, y, weight } of read) {
    const share = weight / largest / total;
    if (share === 0) continue;
    const key = `${y} ${x.map((v) => v + 0).join(' ')}`;
    const same = joined.get(key);
    if (same) same.weight += share;
    else joined.set(key, { x, y, weight: share });
  }
  return [...joined.values()];
}

function indicesIn(value: unknown, path: string, dimensions: number): readonly number[] | null {
  if (value === undefined || value === null) return null;
  const list = listIn(value, path, 'a list of coordinate indices');
  list.forEach((v, i) => {
    if (!Number.isInteger(v) || (v as number) < 0 || (v as number) >= dimensions)
      throw new LinearProblemError(`${path}[${i}]`, v, `an index from 0 to ${dimensions - 1}`);
    if (list.indexOf(v) !== i) throw new LinearProblemError(`${path}[${i}]`, v, 'each index once');
  });
  return list as readonly number[];
}

/** Checks a problem from anywhere (JSON, GraphQL) and fills its defaults in. Throws `LinearProblemError` naming path and value. */
export function completeLinearProblem(input: unknown): CompleteProblem {
  const given = fieldsOf(input, 'problem', keys);
  const points = pointsIn(given.points);
  const dimensions = points[0]!.x.length;
  if (!(linearLosses as readonly unknown[]).includes(given.loss))
    throw new LinearProblemError('loss', given.loss, `one of ${linearLosses.join(', ')}`);
  const loss = given.loss as LinearLoss;
  const alpha =
    loss === 'erm'
      ? 0
      : loss === 'mixup'
        ? numberIn(given.alpha ?? 1, 'alpha', 0, 1000)
        : numberIn(given.alpha ?? 0.1, 'alpha', 0, 1);
  const low = indicesIn(given.low, 'low', dimensions);
  const high = indicesIn(given.high, 'high', dimensions);
  const both = high?.findIndex((v) => low?.includes(v)) ?? -1;
  if (both >= 0) throw new LinearProblemError(`high[${both}]`, high![both], 'an index that is not in low as well');
  if (loss === 'mixup' && alpha > 0 && points.length > mostMixupPoints)
    throw new LinearProblemError(
      'points',
      points.length,
      `at most ${mostMixupPoints} distinct points for mixup, which looks at all pairs`,
    );
  if (given.bias !== undefined && given.bias !== null && typeof given.bias !== 'boolean')
    throw new LinearProblemError('bias', given.bias, 'true or false');
  return {
    points,
    dimensions,
    loss,
    alpha,
    weightDecay: numberIn(given.weightDecay ?? 0, 'weightDecay', 0, Infinity),
    low,
    high,
    bias: given.bias === true,
  };
}
