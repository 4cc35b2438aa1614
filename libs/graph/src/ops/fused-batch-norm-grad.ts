import { attribute, readAttribute, type Attributes } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { constant } from './const';

export const fusedBatchNormGradOp = defineOp({
  op: 'FusedBatchNormGradV3',
  infer: ([g, , scale]) => {
    const vector = { dtype: 'float32', shape: scale!.shape } as const;
    return [
      { dtype: g!.dtype, shape: g!.shape },
      vector,
      vector,
      { dtype: 'float32', shape: [null] },
      { dtype: 'float32', shape: [null] },
    ];
  },
  gradient: { missing: 'no second derivative of batch normalisation is needed; batchNorm composes one in float64' },
  examples: [
    {
      title: 'inference',
      precision: 'float32',
      inputs: [spread([3, 2, 2, 2], { batch: true }), spread([3, 2, 2, 2], { skip: 9, batch: true })],
      build: (g, x) =>
        fusedBatchNormGrad(g!, x!, constant([1, 2]), [constant([0, 0.5]), constant([1, 2]), constant([0])], {
          T: attribute.type('float32'),
          U: attribute.type('float32'),
          epsilon: attribute.float(1e-5),
          data_format: attribute.string('NHWC'),
          is_training: attribute.bool(false),
        }).x,
    },
  ],
});

/** Derivatives of batch normalisation: `saved` are its reserve outputs, handed on untouched; `attributes` its own. */
export function fusedBatchNormGrad(
  gradient: Value,
  x: Value,
  scale: Value,
  saved: readonly [Value, Value, Value],
  attributes: Attributes,
): { readonly x: Value; readonly scale: Value; readonly offset: Value } {
  const node = createNode(fusedBatchNormGradOp, [gradient, x, scale, ...saved], {
    T: attribute.type(x.dtype),
    U: attribute.type('float32'),
    epsilon: attributes['epsilon']!,
    data_format: attribute.string('NHWC'),
    is_training: attribute.bool(readAttribute(attributes, 'is_training', 'bool')),
  });
  return { x: outputOf(node, 0), scale: outputOf(node, 1), offset: outputOf(node, 2) };
}
