import { defineMetric } from './define-metric';
import { ratioOf } from './folds/moments';

export const varianceByStage = defineMetric({
  name: 'variance-by-stage',
  title: 'Variance by stage',
  description:
    'tr S_W / tr S_T after each stage of the network, its output averaged over positions first: how the share of variance within classes propagates through depth. Variants are the stages by name, penultimate among them; without a name: the last one. Per class: the trace of the class’s own covariance over tr S_T.',
  source: 'H. He, W. Su, A law of data separation in deep learning, PNAS 2023 (separation by layer)',
  variants: [null, 'stage1', 'stage2', 'stage3', 'stage4', 'penultimate'],
  needs: ['stages'],
  measure: ({ stages }) => {
    const rows = [...stages.byStage].map(([name, moments]) => ({ variant: name, ...ratioOf(moments) }));
    return [{ ...rows.at(-1)!, variant: null }, ...rows];
  },
});
