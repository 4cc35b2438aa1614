import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, printValue, type Value } from '../node';
import { ofRank, sameType } from '../rules';
import { compatible } from '../shape';
import { reduceSum } from './sum';

export const biasAddOp = defineOp({
  op: 'BiasAdd',
  infer: ([x, bias]) => {
    sameType('biasAdd', x!, bias!);
    ofRank('biasAdd', 'the bias', bias!, 1);
    if (!compatible(bias!.shape, x!.shape.slice(-1))) {
      throw new Error(`biasAdd: the last axis of ${printValue(x!)} does not fit the bias ${printValue(bias!)}`);
    }
    return [{ dtype: x!.dtype, shape: x!.shape }];
  },
  gradient: ({ inputs: [x] }, [g]) => [
    g!,
    reduceSum(
      g!,
      x!.shape.slice(0, -1).map((_, i) => i),
    ),
  ],
  examples: [
    { title: 'rows', inputs: [spread([2, 3], { batch: true }), spread([3])], build: (x, b) => biasAdd(x!, b!) },
    { title: 'images', inputs: [spread([2, 2, 2, 3], { batch: true }), spread([3])], build: (x, b) => biasAdd(x!, b!) },
  ],
});

/** x with a vector added along its last axis. */
export const biasAdd = (x: Value, bias: Value): Value =>
  outputOf(createNode(biasAddOp, [x, bias], { T: attribute.type(x.dtype), data_format: attribute.string('NHWC') }));
