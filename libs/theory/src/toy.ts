import type { LinearPoint } from './linear/problem';

/**
 * The two-feature distribution of the theory's numbers: x_L = 0.5 y ± s (one point where s = 0) and x_H = y u with u on the grid
 * 1.00, 1.05, …, 2.00, both signs of y, all of equal weight. Coordinate 0 is L, coordinate 1 is H.
 */
export function toyPoints(s = 0): LinearPoint[] {
  return [1, -1].flatMap((y) =>
    (s === 0 ? [0] : [s, -s]).flatMap((shift) =>
      Array.from({ length: 21 }, (_, k) => ({ x: [0.5 * y + shift, (y * (20 + k)) / 20], y })),
    ),
  );
}

/** The toy with the margins of the two features exchanged: L (no variance, x_L = 2y) now separates better than H (x_H = y u/2). */
export const reversedToyPoints = (): LinearPoint[] => toyPoints().map(({ x, y }) => ({ x: [4 * x[0]!, x[1]! / 2], y }));

/** Every coordinate shifted and scaled to mean 0 and variance 1 (divisor n) over all points; a constant one is only shifted. */
export function standardised(points: readonly LinearPoint[]): LinearPoint[] {
  const total = points.reduce((s, p) => s + (p.weight ?? 1), 0);
  const width = points[0]?.x.length ?? 0;
  const moments = Array.from({ length: width }, (_, j) => {
    const mean = points.reduce((s, p) => s + ((p.weight ?? 1) / total) * p.x[j]!, 0);
    const variance = points.reduce((s, p) => s + ((p.weight ?? 1) / total) * (p.x[j]! - mean) ** 2, 0);
    return { mean, deviation: variance > 0 ? Math.sqrt(variance) : 1 };
  });
  return points.map((p) => ({ ...p, x: p.x.map((v, j) => (v - moments[j]!.mean) / moments[j]!.deviation) }));
}
