import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Node, type Value } from '../node';
import { assign } from './assign';
import { declared, readAfter, variable } from './var-handle';

export const readVariableOp = defineOp({
  op: 'ReadVariableOp',
  infer: ([handle]) => {
    const { dtype, shape } = declared(handle!);
    return [{ dtype, shape }];
  },
  gradient: { none: 'derivatives end at variables; ask for them by the variable' },
  examples: [
    {
      title: 'after an assignment',
      inputs: [spread([2, 3])],
      build: (x) => {
        const v = variable({ name: `held-${x!.dtype}`, dtype: x!.dtype, shape: [2, 3] });
        return readAfter(v, [assign(v, x!)]);
      },
    },
  ],
});

/** What the variable holds, after the given nodes of the same run. */
export const readVariable = (handle: Value, { after = [] }: { readonly after?: readonly Node[] } = {}): Value =>
  outputOf(createNode(readVariableOp, [handle], { dtype: attribute.type(declared(handle).dtype) }, { after }));
