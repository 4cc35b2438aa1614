/** Sizes of the axes; `null` is a size known only when the graph runs, in practice the batch. */
export type Shape = readonly (number | null)[];

export const printShape = (shape: Shape): string => `[${shape.map((d) => d ?? '?').join(', ')}]`;

/** Number of elements, or null if any size is unknown. */
export const elementCount = (shape: Shape): number | null =>
  shape.reduce<number | null>((n, d) => (n === null || d === null ? null : n * d), 1);

/** Whether one tensor can have both shapes. */
export const compatible = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((d, i) => d === null || b[i] === null || d === b[i]);

/**
 * Shape of an elementwise operation, by NumPy's rule. An unknown size is taken to be the same unknown on both sides:
 * only a size that is written as 1 is stretched.
 */
export function broadcastShapes(a: Shape, b: Shape, op: string): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = axisFromEnd(a, rank - i);
    const y = axisFromEnd(b, rank - i);
    if (x === 1) return y;
    if (y === 1 || x === y) return x;
    if (x === null) return y;
    if (y === null) return x;
    throw new Error(
      `${op}: shapes ${printShape(a)} and ${printShape(b)} do not broadcast (${x} against ${y}); reshape one of them`,
    );
  });
}

const axisFromEnd = (shape: Shape, fromEnd: number): number | null => {
  const d = shape[shape.length - fromEnd];
  return d === undefined ? 1 : d;
};

/** Axes over which a gradient of shape `from` is summed to belong to an operand of shape `to`. */
export function stretchedAxes(to: Shape, from: Shape): number[] {
  const lead = from.length - to.length;
  return from.flatMap((d, i) => (i < lead || (to[i - lead] === 1 && d !== 1) ? [i] : []));
}

/** Axis counted from 0; a negative one counts from the end. */
export function normaliseAxis(axis: number, rank: number, op: string): number {
  const a = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(a) || a < 0 || a >= rank) {
    throw new Error(`${op}: axis ${axis} does not exist in a tensor of rank ${rank}`);
  }
  return a;
}
