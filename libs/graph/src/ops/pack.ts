import { attribute, readAttribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, printValue, type Value } from '../node';
import { sameType } from '../rules';
import { compatible, normaliseAxis } from '../shape';
import { slice } from './slice';
import { squeeze } from './squeeze';

export const packOp = defineOp({
  op: 'Pack',
  infer: (values, attributes) => {
    sameType('pack', ...values);
    const [first] = values;
    if (first === undefined || !values.every((v) => compatible(v.shape, first.shape))) {
      throw new Error(`pack: shapes of ${values.map(printValue).join(', ')} differ`);
    }
    const axis = readAttribute(attributes, 'axis', 'int');
    return [{ dtype: first.dtype, shape: [...first.shape.slice(0, axis), values.length, ...first.shape.slice(axis)] }];
  },
  gradient: ({ inputs, attributes }, [g]) => {
    const axis = readAttribute(attributes, 'axis', 'int');
    return inputs.map((_, k) =>
      squeeze(
        slice(
          g!,
          g!.shape.map((__, i) => (i === axis ? k : 0)),
          g!.shape.map((__, i) => (i === axis ? 1 : null)),
        ),
        [axis],
      ),
    );
  },
  examples: [
    {
      title: 'three vectors as rows',
      inputs: [spread([2]), spread([2], { skip: 2 }), spread([2], { skip: 4 })],
      build: (a, b, c) => pack([a!, b!, c!], 0),
    },
    {
      title: 'two matrices in a new last axis',
      inputs: [spread([2, 3], { batch: true }), spread([2, 3], { skip: 6, batch: true })],
      build: (a, b) => pack([a!, b!], -1),
    },
  ],
});

/** Values of one shape side by side in a new axis. */
export function pack(values: readonly Value[], axis: number): Value {
  const [first] = values;
  if (first === undefined) throw new Error('pack: no values');
  return outputOf(
    createNode(packOp, values, {
      T: attribute.type(first.dtype),
      N: attribute.int(values.length),
      axis: attribute.int(normaliseAxis(axis, first.shape.length + 1, 'pack')),
    }),
  );
}
