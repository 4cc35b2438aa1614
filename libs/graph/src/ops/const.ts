import { attribute, readAttribute, type Elements } from '../attribute';
import type { DType } from '../dtype';
import { createNode, defineOp, outputOf, type Value } from '../node';

export const constOp = defineOp({
  op: 'Const',
  infer: (_inputs, attributes) => {
    const { dtype, shape } = readAttribute(attributes, 'value', 'tensor');
    return [{ dtype, shape }];
  },
  gradient: { none: 'has no inputs' },
  examples: [
    { title: 'a scalar', inputs: [], build: () => constant(0.5, { dtype: 'float64' }) },
    { title: 'integers', inputs: [], build: () => constant([1, -2, 3], { dtype: 'int32' }) },
  ],
});

/**
 * A constant. A number alone is a scalar, a list a vector unless `shape` says otherwise.
 * @throws Error above 1 MB: feed it or keep it in a variable, graphs are read whole.
 */
export function constant(
  values: number | readonly number[] | Float32Array | Float64Array | Int32Array | Uint8Array,
  { dtype = 'float32', shape }: { dtype?: DType; shape?: readonly number[] } = {},
): Value {
  const list = typeof values === 'number' ? [values] : values;
  const dims = shape ?? (typeof values === 'number' ? [] : [list.length]);
  const count = dims.reduce((n, d) => n * d, 1);
  if (count !== list.length) {
    throw new Error(`constant: ${list.length} elements do not fill the shape [${dims.join(', ')}]`);
  }
  if (count > 131_072)
    throw new Error(`constant: ${count} elements are too many for a graph; feed them or use a variable`);
  const tensor = { dtype, shape: dims, elements: elementsOf(list, dtype) };
  return outputOf(createNode(constOp, [], { dtype: attribute.type(dtype), value: attribute.tensor(tensor) }));
}

/** Text as a scalar constant. */
export const constantString = (text: string): Value =>
  outputOf(
    createNode(constOp, [], {
      dtype: attribute.type('string'),
      value: attribute.tensor({ dtype: 'string', shape: [], elements: [text] }),
    }),
  );

/** The numbers of a value that is a constant, else null. */
export function constantNumbers(v: Value): readonly number[] | null {
  if (v.node.op !== 'Const') return null;
  return Array.from(readAttribute(v.node.attributes, 'value', 'tensor').elements as ArrayLike<number>);
}

function elementsOf(list: ArrayLike<number>, dtype: DType): Elements {
  switch (dtype) {
    case 'float32':
    case 'bfloat16':
      return Float32Array.from(list);
    case 'float64':
      return Float64Array.from(list);
    case 'int32':
    case 'int64':
      return Int32Array.from(list);
    case 'uint8':
    case 'bool':
      return Uint8Array.from(list);
    default:
      throw new Error(`constant: numbers cannot be of type ${dtype}`);
  }
}
