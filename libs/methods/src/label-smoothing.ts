import { add, mul, sub } from '@minvar/graph';
import type { Value } from '@minvar/graph';
import { z } from 'zod';
import { crossEntropy, oneHotTargets } from './blocks';
import { defineMethod } from './define-method';

/** q = (1 − α) e_y + α/K, or (1 − α) e_y + α/(K − 1) over the other classes. */
export const labelSmoothing = defineMethod({
  name: 'label-smoothing',
  title: 'Label smoothing',
  description: 'Cross-entropy against the label mixed with the uniform distribution.',
  source:
    'C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna, Rethinking the Inception architecture, CVPR 2016, section 7',
  parameters: z.strictObject({
    alpha: z.number().min(0).max(1).default(0.1).describe('α: weight that the label gives away.'),
    convention: z
      .enum(['all', 'others'])
      .default('all')
      .describe(
        'Who receives it: all K classes, the label’s own among them (α/K each), or only the others (α/(K − 1) each).',
      ),
  }),
  neutral: { alpha: 0, convention: 'all' },
  smoothing: ({ alpha, convention }) => ({ alpha, convention }),
  fed: ({ alpha }) => ({ alpha }),
  draw: () => null,
  inputs: (batch) => batch.inputs,
  targets: (batch, { convention }) => {
    const label = oneHotTargets(batch);
    const { alpha } = batch.fed as { alpha: Value };
    const kept = mul(label, sub(1, alpha));
    return convention === 'all'
      ? add(kept, mul(alpha, 1 / batch.classes))
      : add(kept, mul(sub(1, label), mul(alpha, 1 / (batch.classes - 1))));
  },
  loss: crossEntropy,
});
