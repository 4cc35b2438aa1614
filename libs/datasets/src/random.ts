import { stream } from '@minvar/random';
import type { RandomStream } from '@minvar/random';

export type DataStream = Pick<RandomStream, 'uniform' | 'below' | 'normal' | 'permutation'>;

/** The seed of all data: fixed, so that a version is a function of its parameters and the bytes of its sources. */
const dataSeed = 0;

/** The stream of one choice in making a dataset, e.g. `train/colour`. Choices draw from streams of their own: changing one parameter moves no other draw. */
export const dataStream = (choice: string): DataStream => stream({ seed: dataSeed, purpose: 'data' }).fork(choice);
