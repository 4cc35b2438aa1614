import { defineFold } from './define-fold';

/** Numbers of examples by class and attribute value (the last column: no attribute), of them right, and of them predicted as their attribute. */
export interface Outcomes {
  readonly classes: number;
  readonly attributes: number;
  /** classes × (attributes + 1) */
  readonly count: Float64Array;
  readonly correct: Float64Array;
  readonly followed: Float64Array;
}

export const outcomes = defineFold<Outcomes>({
  create: (context) => {
    const [classes, attributes] = [context.classes.length, context.attributes.length];
    const cells = (): Float64Array => new Float64Array(classes * (attributes + 1));
    return { classes, attributes, count: cells(), correct: cells(), followed: cells() };
  },
  add: (s, { n, labels, attributes, predictions, mix }) => {
    if (!predictions || mix) return;
    for (let i = 0; i < n; i++) {
      const attribute = attributes?.[i] ?? -1;
      const cell = labels[i]! * (s.attributes + 1) + (attribute < 0 ? s.attributes : attribute);
      s.count[cell]!++;
      if (predictions[i] === labels[i]) s.correct[cell]!++;
      if (attribute >= 0 && predictions[i] === attribute) s.followed[cell]!++;
    }
  },
  merge: (a, b) => {
    for (const part of ['count', 'correct', 'followed'] as const) b[part].forEach((v, i) => (a[part][i]! += v));
  },
  seen: (s) => s.count.some((v) => v > 0),
});

/** Sum of a table's row: class k over all attribute values. */
export function ofClass(s: Outcomes, table: 'count' | 'correct', k: number): number {
  const width = s.attributes + 1;
  return s[table].subarray(k * width, (k + 1) * width).reduce((a, v) => a + v, 0);
}
