import { attribute } from '../attribute';
import { createNode, defineOp, printValue, type Node, type Value } from '../node';
import { compatible, printShape } from '../shape';
import { declared, type Variable } from './var-handle';

export const assignAddOp = defineOp({
  op: 'AssignAddVariableOp',
  infer: ([handle, value]) => {
    const { dtype, shape, name } = declared(handle!);
    if (value!.dtype !== dtype || !compatible(value!.shape, shape)) {
      throw new Error(
        `assignAdd: ${printValue(value!)} does not fit the variable ${name}, ${dtype}${printShape(shape)}`,
      );
    }
    return [];
  },
  gradient: { none: 'has no output' },
  examples: { none: 'changes state; run by the session suite' },
});

/** Adds to the variable: an update for a signature. */
export const assignAdd = (v: Variable, value: Value, { after = [] }: { readonly after?: readonly Node[] } = {}): Node =>
  createNode(assignAddOp, [v.handle, value], { dtype: attribute.type(v.dtype) }, { after });
