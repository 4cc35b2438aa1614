import { elementCount, printValue, wireShape, type Port } from '@minvar/graph';
import type { JsTensor, TensorFlow } from './addon';

type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array | readonly number[];

/** What an input is fed: a number for a scalar, text, elements in row-major order, or those with their shape. */
export type Feed = number | string | Numbers | { readonly data: Numbers; readonly shape: readonly number[] };

/** An output as typed elements in row-major order. Booleans and bytes come as int32, int64 as bigints. */
export interface Fetched {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array | BigInt64Array;
}

/**
 * The tensor for an input. The elements are copied to an address that TensorFlow must copy from: were they shared, a variable
 * assigned from them would live in JavaScript's memory and be changed and freed there.
 *
 * @throws Error when the elements do not fit the input's type and shape.
 */
export function toTensor(tf: TensorFlow, name: string, port: Port, feed: Feed): JsTensor {
  if (port.wire === 'string') {
    if (typeof feed !== 'string') throw new Error(`the input ${name} should be fed text, not ${typeof feed}`);
    return tf.tensor([feed], [], 'string');
  }
  if (typeof feed === 'string')
    throw new Error(`the input ${name} is ${printValue(port)} and was fed the text "${feed}"`);
  const { data, shape: given } =
    typeof feed === 'number' ? { data: [feed], shape: [] } : 'data' in feed ? feed : { data: feed, shape: null };
  const shape = fittingShape(name, port, data.length, given);
  const wire = onWire(name, port, data);
  return tf.tensor(wire, wireShape({ ...port, shape }) as readonly number[], port.wire);
}

function fittingShape(name: string, port: Port, length: number, given: readonly number[] | null): readonly number[] {
  const unknown = port.shape.filter((d) => d === null).length;
  const known = elementCount(port.shape.map((d) => d ?? 1))!;
  const shape = given ?? (unknown > 1 ? null : port.shape.map((d) => d ?? length / known));
  if (shape === null) throw new Error(`the input ${name} is ${printValue(port)}: feed { data, shape }`);
  const fits =
    shape.length === port.shape.length &&
    port.shape.every((d, i) => d === null || d === shape[i]) &&
    shape.every(Number.isInteger) &&
    elementCount(shape) === length;
  if (!fits) {
    throw new Error(
      `the input ${name} is ${printValue(port)} and was fed ${length} elements${given ? ` of shape [${given.join(', ')}]` : ''}`,
    );
  }
  return shape;
}

function onWire(name: string, port: Port, data: Numbers): Float32Array | Int32Array {
  switch (port.dtype) {
    case 'float32':
    case 'bfloat16': {
      const to = new Float32Array(unalignedBuffer(4 * data.length), 4);
      to.set(data);
      return to;
    }
    case 'float64': {
      const bits = new Int32Array(Float64Array.from(data).buffer);
      return copied(bits);
    }
    case 'int64':
      return copied(new Int32Array(BigInt64Array.from(Array.from(data), (x) => BigInt(x)).buffer));
    default: {
      const to = copied(data);
      for (let i = 0; i < to.length; i++) {
        if (to[i] !== data[i]) throw new Error(`the input ${name} is ${port.dtype} and was fed ${data[i]} at ${i}`);
      }
      return to;
    }
  }
}

const copied = (data: ArrayLike<number>): Int32Array => {
  const to = new Int32Array(unalignedBuffer(4 * data.length), 4);
  to.set(data);
  return to;
};

/** Room for elements from byte 4 on: an address that is no multiple of 16, which TensorFlow never adopts. */
const unalignedBuffer = (bytes: number): ArrayBuffer => new ArrayBuffer(bytes + 4);

/** The elements of an output. */
export function fromTensor(port: Port, tensor: JsTensor): Fetched {
  const data = tensor.dataSync() as Float32Array | Int32Array;
  const pairs = port.dtype === 'float64' || port.dtype === 'int64';
  const shape = pairs ? tensor.shape.slice(0, -1) : [...tensor.shape];
  if (!pairs) return { shape, data };
  const { buffer, byteOffset, length } = data;
  return {
    shape,
    data:
      port.dtype === 'float64'
        ? new Float64Array(buffer as ArrayBuffer, byteOffset, length / 2)
        : new BigInt64Array(buffer as ArrayBuffer, byteOffset, length / 2),
  };
}
