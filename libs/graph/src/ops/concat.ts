import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, printValue, type Value } from '../node';
import { sameType } from '../rules';
import { compatible, normaliseAxis } from '../shape';
import { constant, constantNumbers } from './const';
import { slice } from './slice';

export const concatOp = defineOp({
  op: 'ConcatV2',
  infer: (inputs) => {
    const values = inputs.slice(0, -1);
    const [axis] = constantNumbers(inputs[inputs.length - 1]!)! as [number];
    sameType('concat', ...values);
    const others = (v: Value) => v.shape.filter((_, i) => i !== axis);
    for (const v of values) {
      if (!compatible(others(v), others(values[0]!))) {
        throw new Error(`concat: ${values.map(printValue).join(', ')} differ in another axis than ${axis}`);
      }
    }
    const total = values.reduce<number | null>(
      (n, v) => (n === null || v.shape[axis] === null ? null : n + v.shape[axis]!),
      0,
    );
    const shape = values[0]!.shape.map((d, i) =>
      i === axis ? total : (d ?? values.find((v) => v.shape[i] !== null)?.shape[i] ?? null),
    );
    return [{ dtype: values[0]!.dtype, shape }];
  },
  gradient: ({ inputs }, [g]) => {
    const [axis] = constantNumbers(inputs[inputs.length - 1]!)! as [number];
    let from = 0;
    const parts = inputs.slice(0, -1).map((v) => {
      const size = v.shape[axis]!;
      if (size === null) throw new Error(`concat: its gradient needs the size of ${printValue(v)} along axis ${axis}`);
      const begin = g!.shape.map((_, i) => (i === axis ? from : 0));
      from += size;
      return slice(
        g!,
        begin,
        g!.shape.map((_, i) => (i === axis ? size : null)),
      );
    });
    return [...parts, null];
  },
  examples: [
    {
      title: 'columns',
      inputs: [spread([2, 3], { batch: true }), spread([2, 1], { skip: 6, batch: true })],
      build: (a, b) => concat([a!, b!], -1),
    },
    { title: 'rows', inputs: [spread([2, 3]), spread([1, 3], { skip: 6 })], build: (a, b) => concat([a!, b!], 0) },
  ],
});

/** Joins at least two values along an axis. */
export function concat(values: readonly Value[], axis: number): Value {
  if (values.length < 2) throw new Error(`concat: ${values.length} values; at least two are joined`);
  const a = constant(normaliseAxis(axis, values[0]!.shape.length, 'concat'), { dtype: 'int32' });
  return outputOf(
    createNode(concatOp, [...values, a], {
      T: attribute.type(values[0]!.dtype),
      N: attribute.int(values.length),
      Tidx: attribute.type('int32'),
    }),
  );
}
