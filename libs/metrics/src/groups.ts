import type { MetricContext } from './batch';
import type { Outcomes } from './folds/outcomes';

export interface Group {
  readonly class: number;
  readonly attribute: number;
  /** `<class>/<attribute value>` */
  readonly group: string;
  readonly count: number;
  readonly correct: number;
  readonly followed: number;
}

/** All groups class × attribute value, in that order; examples without an attribute are in none. Empty where no example has one. */
export function groupsOf(s: Outcomes, context: MetricContext): Group[] {
  const groups = context.classes.flatMap((className, k) =>
    context.attributes.map((attributeName, a) => {
      const cell = k * (s.attributes + 1) + a;
      return {
        class: k,
        attribute: a,
        group: `${className}/${attributeName}`,
        count: s.count[cell]!,
        correct: s.correct[cell]!,
        followed: s.followed[cell]!,
      };
    }),
  );
  return groups.some((g) => g.count > 0) ? groups : [];
}

export const accuracyOf = (g: Pick<Group, 'count' | 'correct'>): number => g.correct / g.count;
export const present = (groups: readonly Group[]): Group[] => groups.filter((g) => g.count > 0);
