import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Operand, type Value } from '../node';
import { elementwise, operands, unbroadcast } from '../rules';
import { mul } from './mul';
import { neg } from './neg';

export const divOp = defineOp({
  op: 'RealDiv',
  infer: elementwise('div'),
  gradient: ({ inputs: [a, b] }, [g]) => {
    const overB = div(g!, b!);
    return [unbroadcast(overB, a!), unbroadcast(neg(mul(overB, div(a!, b!))), b!)];
  },
  examples: [
    {
      title: 'equal shapes',
      inputs: [
        spread([2, 3], { low: 0.3, high: 2, batch: true }),
        spread([2, 3], { low: 0.3, high: 2, skip: 7, batch: true }),
      ],
      build: (a, b) => div(a!, b!),
    },
    {
      title: 'a vector stretched over rows',
      inputs: [spread([2, 3], { low: 0.3, high: 2, batch: true }), spread([3], { low: 0.3, high: 2, skip: 7 })],
      build: (a, b) => div(a!, b!),
    },
    {
      title: 'columns stretched, both ways',
      inputs: [spread([2, 1], { low: 0.3, high: 2, batch: true }), spread([1, 3], { low: 0.3, high: 2, skip: 7 })],
      build: (a, b) => div(a!, b!),
    },
    { title: 'a number', inputs: [spread([3], { low: 0.3, high: 2 })], build: (a) => div(a!, 1.5) },
  ],
});

/** a / b, elementwise, of floating-point numbers. */
export function div(a: Operand, b: Operand): Value {
  const [x, y] = operands('div', a, b);
  return outputOf(createNode(divOp, [x, y], { T: attribute.type(x.dtype) }));
}
