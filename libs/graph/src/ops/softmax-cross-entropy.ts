import { attribute } from '../attribute';
import { given, spread } from '../example';
import { createNode, defineOp, outputOf, printValue, type Value } from '../node';
import { ofRank, sameType } from '../rules';
import { compatible } from '../shape';
import { div } from './div';
import { expandDims } from './expand-dims';
import { logSoftmax } from './log-softmax';
import { mul } from './mul';
import { neg } from './neg';
import { reduceSum } from './sum';

export const softmaxCrossEntropyOp = defineOp({
  op: 'SoftmaxCrossEntropyWithLogits',
  infer: ([logits, targets]) => {
    sameType('softmaxCrossEntropy', logits!, targets!);
    ofRank('softmaxCrossEntropy', 'logits', logits!, 2);
    if (!compatible(logits!.shape, targets!.shape)) {
      throw new Error(
        `softmaxCrossEntropy: logits ${printValue(logits!)} and targets ${printValue(targets!)} differ in shape`,
      );
    }
    const { dtype, shape } = logits!;
    return [
      { dtype, shape: shape.slice(0, 1) },
      { dtype, shape },
    ];
  },
  // The kernel's second output is softmax − targets: the derivative by the logits when the targets sum to one.
  gradient: (node, [g, second]) => {
    if (second) throw new Error('softmaxCrossEntropy: nothing may depend on its second output');
    const column = expandDims(g!, -1);
    return [mul(column, outputOf(node, 1)), neg(mul(column, logSoftmax(node.inputs[0]!)))];
  },
  examples: [
    {
      // Normalised inside, so that targets that are moved still sum to one.
      title: 'soft targets',
      inputs: [
        spread([2, 3], { low: -2, high: 2, batch: true }),
        given([2, 3], [0.9, 0.05, 0.05, 0.2, 0.3, 0.5], { batch: true }),
      ],
      build: (z, q) => softmaxCrossEntropy(z!, div(q!, reduceSum(q!, [-1], { keepDims: true }))),
    },
  ],
});

/**
 * −Σ_k q_k log softmax(z)_k for each row: logits z [n, K], targets q [n, K] that sum to one → losses [n], in nats.
 * Targets that do not sum to one get a wrong derivative by the logits (the kernel's rule).
 */
export const softmaxCrossEntropy = (logits: Value, targets: Value): Value =>
  outputOf(createNode(softmaxCrossEntropyOp, [logits, targets], { T: attribute.type(logits.dtype) }));
