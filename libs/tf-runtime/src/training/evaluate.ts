import type { ResidentPlan, ResidentSplit } from './data';

/** Examples of the training split that live values are taken over, and the least number of another split's. */
const fromTrain = 5000;
const fromOthers = 2000;

/** Rows of the resident data in one evaluation run. */
export const evaluationBatch = 500;

export interface LiveSplit {
  readonly split: ResidentSplit;
  /** under which its points go: the split's, or `<split>[:n]` when the first n examples stand for it */
  readonly name: string;
  readonly examples: number;
}

/**
 * What is measured after each epoch: the training split, `validation` where there is one, and one test split (`test`, else `test-random`, else
 * the first that is one). Of `train` the first 5,000 examples are taken; of the others as many as a fifth of the training examples, at
 * least 2,000, so that looking never costs more than a small part of training. Orders of versions are random, so the first n are a random subset.
 */
export function liveSplits(plan: Pick<ResidentPlan, 'splits'>): LiveSplit[] {
  const named = (name: string): ResidentSplit | undefined => plan.splits.find((s) => s.name === name);
  const train = named('train')!;
  const test = named('test') ?? named('test-random') ?? plan.splits.find((s) => s.name.startsWith('test'));
  return [train, named('validation'), test].flatMap((split) => {
    if (!split) return [];
    const examples = Math.min(
      split.examples,
      split === train ? fromTrain : Math.max(fromOthers, Math.floor(train.examples / 5)),
    );
    return [{ split, name: examples < split.examples ? `${split.name}[:${examples}]` : split.name, examples }];
  });
}
