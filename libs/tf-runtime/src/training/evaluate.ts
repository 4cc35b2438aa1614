import type { ResidentSplit } from './data';

/** Examples of a split that live values are taken over: at least, and at most of the training split. */
const least = 2000;
const mostOfTrain = 5000;

/** Rows of the resident data in one evaluation run, at most: the activations of so many stay in a CPU's caches. */
export const evaluationBatch = 128;

/** Rows in one part of re-estimated normalisation statistics, at most: a mean over parts, so more than an evaluation needs. */
export const estimationBatch = 500;

/** n rows cut into as few parts of at most `most` as there can be, their sizes equal or one apart: each weighs the same in a mean over parts. */
export function equalParts(n: number, most: number): number[] {
  const parts = Math.ceil(n / most);
  return Array.from({ length: parts }, (_, i) => Math.floor(((i + 1) * n) / parts) - Math.floor((i * n) / parts));
}

type Sized = Pick<ResidentSplit, 'name' | 'examples'>;

export interface LiveSplit<S extends Sized = ResidentSplit> {
  readonly split: S;
  /** under which its points go: the split's, or `<split>[:n]` when the first n examples stand for it */
  readonly name: string;
  readonly examples: number;
}

/**
 * What is measured after each epoch: the training split, `validation` where there is one, and one test split (`test`, else `test-random`, else
 * the first that is one). Of each as many examples as a fifth of the training examples, at least 2,000 and of `train` at most 5,000, so that
 * looking costs a small part of training. Orders of versions are random, so the first n are a random subset.
 */
export function liveSplits<S extends Sized>(plan: { readonly splits: readonly S[] }): LiveSplit<S>[] {
  const named = (name: string): S | undefined => plan.splits.find((s) => s.name === name);
  const train = named('train')!;
  const test = named('test') ?? named('test-random') ?? plan.splits.find((s) => s.name.startsWith('test'));
  const most = Math.max(least, Math.floor(train.examples / 5));
  return [train, named('validation'), test].flatMap((split) => {
    if (!split) return [];
    const examples = Math.min(split.examples, most, split === train ? mostOfTrain : Infinity);
    return [{ split, name: examples < split.examples ? `${split.name}[:${examples}]` : split.name, examples }];
  });
}
