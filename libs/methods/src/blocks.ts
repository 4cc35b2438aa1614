import { add, gather, mul, oneHot, reduceMean, reshape, softmaxCrossEntropy, sub } from '@minvar/graph';
import type { Value } from '@minvar/graph';
import type { Batch, Forward } from './define-method';

/** The labels of the batch as one-hot rows, n × K, in the type of λ. */
export const oneHotTargets = (batch: Batch): Value =>
  oneHot(batch.labels, batch.classes, { dtype: batch.lambda.dtype });

/** λ_i a_i + (1 − λ_i) a_π(i) along the first axis of `a`. With λ ≡ 1 the result is `a`, bit for bit. */
export function mixPairs(batch: Batch, a: Value): Value {
  const lambda = reshape(batch.lambda, [null, ...a.shape.slice(1).map(() => 1)]);
  return add(mul(a, lambda), mul(gather(a, batch.partner), sub(1, lambda)));
}

/** Mean over the batch of −Σ_k q_k log p_k, p = softmax of the logits. */
export const crossEntropy = ({ logits, targets }: Forward): Value => reduceMean(softmaxCrossEntropy(logits, targets));

/** Of methods whose targets on unmixed inputs are the labels. */
export const unsmoothed = (): { readonly alpha: number; readonly convention: 'all' } => ({
  alpha: 0,
  convention: 'all',
});
