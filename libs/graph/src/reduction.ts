import { attribute, readAttribute, type Attributes } from './attribute';
import { constant, constantNumbers } from './ops/const';
import { broadcastTo } from './ops/broadcast-to';
import { reshape } from './ops/reshape';
import { shapeOf } from './ops/shape';
import type { Node, OutputType, Value } from './node';
import { normaliseAxis, type Shape } from './shape';

/** Inputs and attributes of a reduction over `axes` (all axes when null; negative ones count from the end). */
export function reductionOf(op: string, x: Value, axes: readonly number[] | null, keepDims: boolean) {
  const rank = x.shape.length;
  const list = axes === null ? x.shape.map((_, i) => i) : axes.map((a) => normaliseAxis(a, rank, op));
  if (new Set(list).size !== list.length) throw new Error(`${op}: axes ${axes?.join(', ')} name an axis twice`);
  return {
    inputs: [x, constant(list, { dtype: 'int32' })],
    attributes: {
      T: attribute.type(x.dtype),
      Tidx: attribute.type('int32'),
      keep_dims: attribute.bool(keepDims),
    },
  };
}

export const inferReduction = ([x, axes]: readonly Value[], attributes: Attributes): readonly OutputType[] => {
  const reduced = constantNumbers(axes!) ?? [];
  const keep = readAttribute(attributes, 'keep_dims', 'bool');
  const shape = x!.shape.flatMap((d, i) => (reduced.includes(i) ? (keep ? [1] : []) : [d]));
  return [{ dtype: x!.dtype, shape }];
};

/** Shape of the input with 1 in place of the reduced axes. */
const keptShape = (node: Node): Shape => {
  const reduced = constantNumbers(node.inputs[1]!) ?? [];
  return node.inputs[0]!.shape.map((d, i) => (reduced.includes(i) ? 1 : d));
};

/** A value of the reduction's output shape with the reduced axes put back as 1. */
export function withKeptAxes(node: Node, v: Value): Value {
  return readAttribute(node.attributes, 'keep_dims', 'bool') ? v : reshape(v, keptShape(node));
}

/** The gradient of a sum: spread over what was summed. */
export const spreadOver = (node: Node, g: Value): Value => broadcastTo(withKeptAxes(node, g), shapeOf(node.inputs[0]!));
