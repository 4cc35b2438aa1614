import { defineFold } from './define-fold';

/** The logits themselves, for what no sum can tell: an order of examples by confidence, a temperature fitted to them. */
export interface KeptLogits {
  n: number;
  readonly blocks: { readonly labels: Int32Array; readonly logits: Float32Array | Float64Array }[];
}

export const keptLogits = defineFold<KeptLogits>({
  create: () => ({ n: 0, blocks: [] }),
  add: (s, { n, labels, logits, mix }) => {
    if (!logits || mix) return;
    s.n += n;
    // A copy: whoever hands batches over may fill the same memory again.
    s.blocks.push({ labels: labels.slice(), logits: logits.slice() });
  },
  merge: (a, b) => {
    a.n += b.n;
    a.blocks.push(...b.blocks);
  },
  seen: (s) => s.n > 0,
});
