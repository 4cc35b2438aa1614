import { attribute, readAttribute } from '../attribute';
import type { DType } from '../dtype';
import { createNode, defineOp, outputOf, type Value } from '../node';

export const decodeRawOp = defineOp({
  op: 'DecodeRaw',
  infer: ([bytes], attributes) => [
    { dtype: readAttribute(attributes, 'out_type', 'type'), shape: [...bytes!.shape, null] },
  ],
  gradient: { none: 'its input is bytes' },
  examples: { none: 'needs a string of bytes; run by the suite of loadBytes' },
});

/** Little-endian bytes read as numbers; their count must be a multiple of the type's size. */
export const decodeRaw = (bytes: Value, dtype: DType): Value =>
  outputOf(createNode(decodeRawOp, [bytes], { out_type: attribute.type(dtype), little_endian: attribute.bool(true) }));
