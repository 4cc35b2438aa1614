import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Operand, type Value } from '../node';
import { elementwise, operands, unbroadcast } from '../rules';
import { lessEqual } from './less-equal';
import { select } from './select';
import { zerosLike } from './zeros-like';

export const minimumOp = defineOp({
  op: 'Minimum',
  infer: elementwise('minimum'),
  gradient: ({ inputs: [a, b] }, [g]) => {
    const first = lessEqual(a!, b!);
    const none = zerosLike(g!);
    return [unbroadcast(select(first, g!, none), a!), unbroadcast(select(first, none, g!), b!)];
  },
  examples: [
    {
      title: 'equal shapes',
      inputs: [
        spread([2, 3], { low: -2, high: 2, batch: true }),
        spread([2, 3], { low: -2, high: 2, skip: 7, batch: true }),
      ],
      build: (a, b) => minimum(a!, b!),
    },
    {
      title: 'a vector stretched over rows',
      inputs: [spread([2, 3], { low: -2, high: 2, batch: true }), spread([3], { low: -2, high: 2, skip: 7 })],
      build: (a, b) => minimum(a!, b!),
    },
    {
      title: 'columns stretched, both ways',
      inputs: [spread([2, 1], { low: -2, high: 2, batch: true }), spread([1, 3], { low: -2, high: 2, skip: 7 })],
      build: (a, b) => minimum(a!, b!),
    },
    { title: 'a number', inputs: [spread([3], { low: -2, high: 2 })], build: (a) => minimum(a!, 0.25) },
  ],
});

/** The smaller, elementwise; of equal ones the derivative goes to a. */
export function minimum(a: Operand, b: Operand): Value {
  const [x, y] = operands('minimum', a, b);
  return outputOf(createNode(minimumOp, [x, y], { T: attribute.type(x.dtype) }));
}
