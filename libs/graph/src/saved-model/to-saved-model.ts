import type { Attribute, Attributes, Tensor } from '../attribute';
import { dtypeNumber, type DType } from '../dtype';
import type { ProgramFunction } from '../functions/compile-signature';
import type { NamedNode, Port, Program } from '../program';
import type { Shape } from '../shape';
import { savedModelMessage } from './messages';

/** TensorFlow 2.21's number for the graphs it writes. */
const producer = 1882;

/** The bytes of `saved_model.pb` (tag `serve`); equal programs give equal bytes. */
export function toSavedModel(program: Program): Uint8Array {
  const message = {
    savedModelSchemaVersion: 1,
    metaGraphs: [
      {
        metaInfoDef: { strippedOpList: {}, tags: ['serve'], tensorflowVersion: '2.21.0' },
        graphDef: {
          node: program.nodes.map(nodeMessage),
          ...(program.functions ? { library: { function: program.functions.map(functionMessage) } } : {}),
          versions: { producer },
        },
        signatureDef: Object.fromEntries(
          Object.entries(program.signatures).map(([name, s]) => [
            name,
            { inputs: ports(s.inputs), outputs: ports(s.outputs), methodName: 'tensorflow/serving/predict' },
          ]),
        ),
      },
    ],
  };
  return savedModelMessage.encode(message).finish();
}

const nodeMessage = (n: NamedNode) => ({ name: n.name, op: n.op, input: n.inputs, attr: attributes(n.attributes) });

const functionMessage = (f: ProgramFunction) => ({
  signature: {
    name: f.name,
    inputArg: f.inputs.map(({ name, dtype }) => ({ name, type: dtypeNumber[dtype] })),
    outputArg: f.outputs.map(({ name, dtype }) => ({ name, type: dtypeNumber[dtype] })),
    isStateful: true,
  },
  nodeDef: f.nodes.map(nodeMessage),
  ret: Object.fromEntries(f.outputs.map(({ name, from }) => [name, from])),
});

const ports = (list: Readonly<Record<string, Port>>) =>
  Object.fromEntries(
    Object.entries(list).map(([key, port]) => [
      key,
      { name: port.tensor, dtype: dtypeNumber[port.wire], tensorShape: shapeMessage(wireShape(port)) },
    ]),
  );

/** The shape in which a port crosses: float64 and int64 as pairs of int32. */
export const wireShape = ({ dtype, shape }: Port): Shape =>
  dtype === 'float64' || dtype === 'int64' ? [...shape, 2] : shape;

const shapeMessage = (shape: Shape) => ({ dim: shape.map((d) => ({ size: d ?? -1 })) });

const attributes = (list: Attributes) =>
  Object.fromEntries(
    Object.keys(list)
      .sort()
      .map((key) => [key, attributeMessage(list[key]!)]),
  );

const text = new TextEncoder();

function attributeMessage(a: Attribute) {
  switch (a.kind) {
    case 'type':
      return { type: dtypeNumber[a.value] };
    case 'int':
      return { i: a.value };
    case 'float':
      return { f: a.value };
    case 'bool':
      return { b: a.value };
    case 'string':
      return { s: text.encode(a.value) };
    case 'shape':
      return { shape: shapeMessage(a.value) };
    case 'tensor':
      return { tensor: tensorMessage(a.value) };
    case 'ints':
      return { list: { i: a.value } };
    case 'types':
      return { list: { type: a.value.map((t) => dtypeNumber[t]) } };
    case 'func':
      return { func: { name: a.value } };
  }
}

function tensorMessage({ dtype, shape, elements }: Tensor) {
  const head = { dtype: dtypeNumber[dtype], tensorShape: shapeMessage(shape) };
  if (dtype === 'string') return { ...head, stringVal: (elements as readonly string[]).map((s) => text.encode(s)) };
  return { ...head, tensorContent: littleEndian(dtype, Array.from(elements as ArrayLike<number>)) };
}

/** The upper half of a float32, rounded to the nearest, ties to even. */
function bfloat16Bits(x: number): number {
  const bits = new Uint32Array(Float32Array.of(x).buffer)[0]!;
  if (Number.isNaN(x)) return 0x7fc0;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** Elements as TensorFlow lays them out in `tensor_content`. */
function littleEndian(dtype: DType, numbers: readonly number[]): Uint8Array {
  const write: Partial<Record<DType, readonly [bytes: number, set: (view: DataView, at: number, x: number) => void]>> =
    {
      float32: [4, (view, at, x) => view.setFloat32(at, x, true)],
      bfloat16: [2, (view, at, x) => view.setUint16(at, bfloat16Bits(x), true)],
      float64: [8, (view, at, x) => view.setFloat64(at, x, true)],
      int32: [4, (view, at, x) => view.setInt32(at, x, true)],
      int64: [8, (view, at, x) => view.setBigInt64(at, BigInt(x), true)],
      uint8: [1, (view, at, x) => view.setUint8(at, x)],
      bool: [1, (view, at, x) => view.setUint8(at, x)],
    };
  const found = write[dtype];
  if (found === undefined) throw new Error(`a constant of type ${dtype} cannot be written; cast one of float32`);
  const [bytes, set] = found;
  const view = new DataView(new ArrayBuffer(bytes * numbers.length));
  numbers.forEach((x, i) => set(view, i * bytes, x));
  return new Uint8Array(view.buffer);
}
