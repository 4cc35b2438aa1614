import { createNode, defineOp, outputOf, printValue, type Value } from '../node';

export const readFileOp = defineOp({
  op: 'ReadFile',
  infer: ([path]) => {
    if (path!.dtype !== 'string' || path!.shape.length > 0) {
      throw new Error(`readFile: the path should be one string, not ${printValue(path!)}`);
    }
    return [{ dtype: 'string', shape: [] }];
  },
  gradient: { none: 'its output is bytes' },
  examples: { none: 'needs a file; run by the suite of loadBytes' },
});

/** The bytes of a file as one string. */
export const readFile = (path: Value): Value => outputOf(createNode(readFileOp, [path]));
