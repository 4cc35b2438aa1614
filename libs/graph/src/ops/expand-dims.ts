import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { normaliseAxis } from '../shape';
import { constant, constantNumbers } from './const';
import { squeeze } from './squeeze';

export const expandDimsOp = defineOp({
  op: 'ExpandDims',
  infer: ([x, axis]) => {
    const [a] = constantNumbers(axis!)!;
    return [{ dtype: x!.dtype, shape: [...x!.shape.slice(0, a), 1, ...x!.shape.slice(a)] }];
  },
  gradient: ({ inputs: [, axis] }, [g]) => [squeeze(g!, constantNumbers(axis!)!), null],
  examples: [
    { title: 'in front', inputs: [spread([2, 3], { batch: true })], build: (x) => expandDims(x!, 0) },
    { title: 'at the end', inputs: [spread([2, 3], { batch: true })], build: (x) => expandDims(x!, -1) },
  ],
});

/** Puts an axis of size 1 before axis `axis` of the result. */
export function expandDims(x: Value, axis: number): Value {
  const a = constant(normaliseAxis(axis, x.shape.length + 1, 'expandDims'), { dtype: 'int32' });
  return outputOf(createNode(expandDimsOp, [x, a], { T: attribute.type(x.dtype), Tdim: attribute.type('int32') }));
}
