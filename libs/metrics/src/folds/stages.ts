import { defineFold } from './define-fold';
import type { ClassMoments } from './moments';
import { addVector, mergeMoments, noMoments } from './moments';

/** Moments by class of the output of each stage, by its name, in the order of the network. */
export type StageMoments = Map<string, ClassMoments>;

export const stages = defineFold<{ readonly classes: number; readonly byStage: StageMoments }>({
  create: ({ classes }) => ({ classes: classes.length, byStage: new Map() }),
  add: (s, { n, labels, stages: batch, mix }) => {
    if (mix) return;
    for (const { name, values, width } of batch) {
      const own = s.byStage.get(name) ?? noMoments(s.classes);
      s.byStage.set(name, own);
      for (let i = 0; i < n; i++) addVector(own, labels[i]!, values, i * width, width);
    }
  },
  merge: (a, b) => {
    for (const [name, theirs] of b.byStage) {
      const own = a.byStage.get(name) ?? noMoments(a.classes);
      a.byStage.set(name, own);
      mergeMoments(own, theirs);
    }
  },
  seen: (s) => s.byStage.size > 0,
});
