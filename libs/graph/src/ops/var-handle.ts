import { attribute, readAttribute } from '../attribute';
import type { DType } from '../dtype';
import { createNode, defineOp, outputOf, type Node, type Value } from '../node';
import { printShape } from '../shape';
import { readVariable } from './read-variable';

export const varHandleOp = defineOp({
  op: 'VarHandleOp',
  infer: (_inputs, attributes) => {
    readAttribute(attributes, 'shape', 'shape');
    return [{ dtype: 'resource', shape: [] }];
  },
  gradient: { none: 'a variable is differentiated at its read' },
  examples: { none: 'run with every example of ReadVariableOp' },
});

/** A tensor that stays in the session between runs. */
export interface Variable {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly handle: Value;
  /** What it holds before the updates of the run: one read, shared by all that use it. */
  readonly value: Value;
}

/** Declares a variable; equal names in one program are an error unless it is the same variable. */
export function variable({
  name,
  dtype = 'float32',
  shape,
}: {
  readonly name: string;
  readonly dtype?: DType;
  readonly shape: readonly number[];
}): Variable {
  if (!/^[A-Za-z0-9][A-Za-z0-9_./-]*$/.test(name)) {
    throw new Error(`variable: "${name}" is no name for one; use letters, digits and _ . / -`);
  }
  if (!shape.every((d) => Number.isInteger(d) && d >= 0)) {
    throw new Error(`variable ${name}: the shape ${printShape(shape)} should be whole numbers`);
  }
  const handle = outputOf(
    createNode(
      varHandleOp,
      [],
      {
        container: attribute.string(''),
        shared_name: attribute.string(name),
        dtype: attribute.type(dtype),
        shape: attribute.shape(shape),
      },
      { name },
    ),
  );
  return Object.freeze({ name, dtype, shape: Object.freeze([...shape]), handle, value: readVariable(handle) });
}

/** What the variable holds after the given updates of the same run. */
export const readAfter = (v: Variable, after: readonly Node[]): Value => readVariable(v.handle, { after });

/** Type and shape that a variable's handle was declared with. */
export function declared(handle: Value): {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly name: string;
} {
  if (handle.node.op !== 'VarHandleOp') throw new Error(`a variable's handle is expected, not ${handle.node.op}`);
  const { attributes, name } = handle.node;
  return {
    dtype: readAttribute(attributes, 'dtype', 'type'),
    shape: readAttribute(attributes, 'shape', 'shape') as readonly number[],
    name: name!,
  };
}
