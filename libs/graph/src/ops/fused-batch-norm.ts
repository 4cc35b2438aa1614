import { attribute, readAttribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, printValue, type Value } from '../node';
import { ofRank } from '../rules';
import { constant } from './const';
import { fusedBatchNormGrad } from './fused-batch-norm-grad';

export const fusedBatchNormOp = defineOp({
  op: 'FusedBatchNormV3',
  infer: ([x, scale]) => {
    ofRank('fusedBatchNorm', 'images', x!, 4);
    if (x!.dtype === 'float64') {
      throw new Error(`fusedBatchNorm: no kernel takes ${printValue(x!)}; batchNorm composes it for float64`);
    }
    const vector = { dtype: 'float32', shape: scale!.shape } as const;
    // The last one is the GPU library's own; on the CPU it is a single unused element.
    return [{ dtype: x!.dtype, shape: x!.shape }, vector, vector, vector, vector, { dtype: 'float32', shape: [null] }];
  },
  gradient: (node, [g, ...statistics]) => {
    if (statistics.some((s) => s !== null && s !== undefined)) {
      throw new Error('fusedBatchNorm: nothing differentiable may depend on its statistics; stop their gradient');
    }
    const [x, scale, , mean, variance] = node.inputs;
    const training = readAttribute(node.attributes, 'is_training', 'bool');
    const saved = training
      ? ([outputOf(node, 3), outputOf(node, 4), outputOf(node, 5)] as const)
      : ([mean!, variance!, outputOf(node, 5)] as const);
    const d = fusedBatchNormGrad(g!, x!, scale!, saved, node.attributes);
    return [d.x, d.scale, d.offset, null, null];
  },
  examples: [
    {
      title: 'training',
      precision: 'float32',
      inputs: [
        spread([3, 2, 2, 2], { low: -2, high: 3, batch: true }),
        spread([2], { low: 0.5, high: 2 }),
        spread([2], { skip: 2 }),
      ],
      build: (x, scale, offset) => fusedBatchNorm(x!, scale!, offset!, { epsilon: 1e-5, statistics: null }).y,
    },
    {
      title: 'inference',
      precision: 'float32',
      inputs: [
        spread([3, 2, 2, 2], { low: -2, high: 3, batch: true }),
        spread([2], { low: 0.5, high: 2 }),
        spread([2], { skip: 2 }),
      ],
      build: (x, scale, offset) =>
        fusedBatchNorm(x!, scale!, offset!, {
          epsilon: 1e-5,
          statistics: { mean: constant([0.3, -0.2]), variance: constant([1.5, 0.4]) },
        }).y,
    },
  ],
});

/**
 * Batch normalisation of NHWC images over all axes but the last. With `statistics: null` it normalises by the batch's own
 * mean and biased variance and returns the mean and the **unbiased** variance; else it uses those given.
 */
export function fusedBatchNorm(
  x: Value,
  scale: Value,
  offset: Value,
  {
    epsilon,
    statistics,
  }: { readonly epsilon: number; readonly statistics: { readonly mean: Value; readonly variance: Value } | null },
): { readonly y: Value; readonly mean: Value; readonly unbiasedVariance: Value } {
  const none = () => constant([], { dtype: 'float32' });
  const node = createNode(
    fusedBatchNormOp,
    [x, scale, offset, statistics?.mean ?? none(), statistics?.variance ?? none()],
    {
      T: attribute.type(x.dtype),
      U: attribute.type('float32'),
      epsilon: attribute.float(epsilon),
      exponential_avg_factor: attribute.float(1),
      data_format: attribute.string('NHWC'),
      is_training: attribute.bool(statistics === null),
    },
  );
  return { y: outputOf(node, 0), mean: outputOf(node, 1), unbiasedVariance: outputOf(node, 2) };
}
