import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Operand, type Value } from '../node';
import { elementwise, operands, unbroadcast } from '../rules';
import { greater } from './greater';
import { log } from './log';
import { mul } from './mul';
import { onesLike } from './ones-like';
import { select } from './select';
import { sub } from './sub';
import { zerosLike } from './zeros-like';

export const powOp = defineOp({
  op: 'Pow',
  infer: elementwise('pow'),
  gradient: ({ inputs: [a, b] }, [g]) => {
    const positive = greater(a!, 0);
    const logA = select(positive, log(select(positive, a!, onesLike(a!))), zerosLike(a!));
    return [unbroadcast(mul(g!, mul(b!, pow(a!, sub(b!, 1)))), a!), unbroadcast(mul(g!, mul(pow(a!, b!), logA)), b!)];
  },
  examples: [
    {
      title: 'equal shapes',
      inputs: [
        spread([2, 3], { low: 0.3, high: 2, batch: true }),
        spread([2, 3], { low: 0.3, high: 2, skip: 7, batch: true }),
      ],
      build: (a, b) => pow(a!, b!),
    },
    {
      title: 'a vector stretched over rows',
      inputs: [spread([2, 3], { low: 0.3, high: 2, batch: true }), spread([3], { low: 0.3, high: 2, skip: 7 })],
      build: (a, b) => pow(a!, b!),
    },
    {
      title: 'columns stretched, both ways',
      inputs: [spread([2, 1], { low: 0.3, high: 2, batch: true }), spread([1, 3], { low: 0.3, high: 2, skip: 7 })],
      build: (a, b) => pow(a!, b!),
    },
    { title: 'a number', inputs: [spread([3], { low: 0.3, high: 2 })], build: (a) => pow(a!, 1.5) },
  ],
});

/** aᵇ; the derivative by b takes log a as 0 where a ≤ 0. */
export function pow(a: Operand, b: Operand): Value {
  const [x, y] = operands('pow', a, b);
  return outputOf(createNode(powOp, [x, y], { T: attribute.type(x.dtype) }));
}
