import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Operand, type Value } from '../node';
import { elementwise, operands, unbroadcast } from '../rules';
import { mul } from './mul';
import { neg } from './neg';
import { sub } from './sub';

export const squaredDifferenceOp = defineOp({
  op: 'SquaredDifference',
  infer: elementwise('squaredDifference'),
  gradient: ({ inputs: [a, b] }, [g]) => {
    const d = mul(g!, mul(sub(a!, b!), 2));
    return [unbroadcast(d, a!), unbroadcast(neg(d), b!)];
  },
  examples: [
    {
      title: 'equal shapes',
      inputs: [
        spread([2, 3], { low: -2, high: 2, batch: true }),
        spread([2, 3], { low: -2, high: 2, skip: 7, batch: true }),
      ],
      build: (a, b) => squaredDifference(a!, b!),
    },
    {
      title: 'a vector stretched over rows',
      inputs: [spread([2, 3], { low: -2, high: 2, batch: true }), spread([3], { low: -2, high: 2, skip: 7 })],
      build: (a, b) => squaredDifference(a!, b!),
    },
    {
      title: 'columns stretched, both ways',
      inputs: [spread([2, 1], { low: -2, high: 2, batch: true }), spread([1, 3], { low: -2, high: 2, skip: 7 })],
      build: (a, b) => squaredDifference(a!, b!),
    },
    { title: 'a number', inputs: [spread([3], { low: -2, high: 2 })], build: (a) => squaredDifference(a!, 1.5) },
  ],
});

/** (a − b)². */
export function squaredDifference(a: Operand, b: Operand): Value {
  const [x, y] = operands('squaredDifference', a, b);
  return outputOf(createNode(squaredDifferenceOp, [x, y], { T: attribute.type(x.dtype) }));
}
