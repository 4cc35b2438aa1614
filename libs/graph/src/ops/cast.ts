import { attribute, readAttribute } from '../attribute';
import { isFloating, type DType } from '../dtype';
import { given, spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';

export const castOp = defineOp({
  op: 'Cast',
  infer: ([x], attributes) => [{ dtype: readAttribute(attributes, 'DstT', 'type'), shape: x!.shape }],
  gradient: ({ inputs: [x] }, [g]) => [isFloating(x!.dtype) ? cast(g!, x!.dtype) : null],
  examples: [
    {
      title: 'to float64 and back',
      precision: 'float32',
      inputs: [spread([2, 3], { batch: true })],
      build: (x) => cast(cast(x!, 'float64'), x!.dtype),
    },
    {
      title: 'bytes to numbers',
      inputs: [given([3], [0, 7, 255], { dtype: 'uint8', batch: true })],
      build: (x) => cast(x!, 'float32'),
    },
    {
      title: 'booleans to numbers',
      inputs: [given([2], [0, 1], { dtype: 'bool', batch: true })],
      build: (x) => cast(x!, 'float64'),
    },
  ],
});

/** The same numbers in another type; x itself when it has the type already. */
export const cast = (x: Value, dtype: DType): Value =>
  x.dtype === dtype
    ? x
    : outputOf(
        createNode(castOp, [x], {
          SrcT: attribute.type(x.dtype),
          DstT: attribute.type(dtype),
          Truncate: attribute.bool(false),
        }),
      );
