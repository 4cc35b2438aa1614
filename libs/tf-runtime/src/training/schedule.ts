/** The schedule is part of what a spec means, so that reports can sum it up: it is told with the spec. Fed as float32, a cosine that differs in its last bit shows only at a rounding boundary. */
export { learningRate } from '@minvar/contracts';
