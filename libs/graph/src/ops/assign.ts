import { attribute } from '../attribute';
import { createNode, defineOp, printValue, type Node, type Value } from '../node';
import { compatible, printShape } from '../shape';
import { declared, type Variable } from './var-handle';

export const assignOp = defineOp({
  op: 'AssignVariableOp',
  infer: ([handle, value]) => {
    const { dtype, shape, name } = declared(handle!);
    if (value!.dtype !== dtype || !compatible(value!.shape, shape)) {
      throw new Error(`assign: ${printValue(value!)} does not fit the variable ${name}, ${dtype}${printShape(shape)}`);
    }
    return [];
  },
  gradient: { none: 'has no output' },
  examples: { none: 'changes state; run by the example of ReadVariableOp' },
});

/** Sets the variable: an update for a signature. */
export const assign = (v: Variable, value: Value, { after = [] }: { readonly after?: readonly Node[] } = {}): Node =>
  createNode(assignOp, [v.handle, value], { dtype: attribute.type(v.dtype) }, { after });
