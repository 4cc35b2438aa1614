import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Operand, type Value } from '../node';
import { elementwise, operands, unbroadcast } from '../rules';

export const addOp = defineOp({
  op: 'AddV2',
  infer: elementwise('add'),
  gradient: ({ inputs: [a, b] }, [g]) => [unbroadcast(g!, a!), unbroadcast(g!, b!)],
  examples: [
    {
      title: 'equal shapes',
      inputs: [
        spread([2, 3], { low: -2, high: 2, batch: true }),
        spread([2, 3], { low: -2, high: 2, skip: 7, batch: true }),
      ],
      build: (a, b) => add(a!, b!),
    },
    {
      title: 'a vector stretched over rows',
      inputs: [spread([2, 3], { low: -2, high: 2, batch: true }), spread([3], { low: -2, high: 2, skip: 7 })],
      build: (a, b) => add(a!, b!),
    },
    {
      title: 'columns stretched, both ways',
      inputs: [spread([2, 1], { low: -2, high: 2, batch: true }), spread([1, 3], { low: -2, high: 2, skip: 7 })],
      build: (a, b) => add(a!, b!),
    },
    { title: 'a number', inputs: [spread([3], { low: -2, high: 2 })], build: (a) => add(a!, 1.5) },
  ],
});

/** a + b. */
export function add(a: Operand, b: Operand): Value {
  const [x, y] = operands('add', a, b);
  return outputOf(createNode(addOp, [x, y], { T: attribute.type(x.dtype) }));
}
