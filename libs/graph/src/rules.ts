import type { DType } from './dtype';
import { constant, constantNumbers } from './ops/const';
import { reduceSum } from './ops/sum';
import { printValue, type Operand, type OutputType, type Value } from './node';
import { broadcastShapes, stretchedAxes, type Shape } from './shape';

/** The output has the type and shape of the first input. */
export const likeFirst = ([x]: readonly Value[]): readonly OutputType[] => [{ dtype: x!.dtype, shape: x!.shape }];

/** Elementwise operation of two inputs of one type, NumPy broadcasting. */
export const elementwise =
  (op: string, result?: DType) =>
  ([a, b]: readonly Value[]): readonly OutputType[] => {
    sameType(op, a!, b!);
    return [{ dtype: result ?? a!.dtype, shape: broadcastShapes(a!.shape, b!.shape, op) }];
  };

export function sameType(op: string, ...values: readonly Value[]): void {
  const [first, ...rest] = values;
  for (const v of rest) {
    if (v.dtype !== first!.dtype) {
      throw new Error(`${op}: types ${values.map(printValue).join(', ')} differ; cast them to one type`);
    }
  }
}

export function ofRank(op: string, what: string, v: Value, rank: number): void {
  if (v.shape.length !== rank) throw new Error(`${op}: ${what} should be of rank ${rank}, not ${printValue(v)}`);
}

/** Both operands as values; a number becomes a scalar of the other's type. @throws Error when both are numbers. */
export function operands(op: string, a: Operand, b: Operand): readonly [Value, Value] {
  if (typeof a === 'number') {
    if (typeof b === 'number') throw new Error(`${op}(${a}, ${b}): one of the two should be a value of the graph`);
    return [constant(a, { dtype: b.dtype }), b];
  }
  return [a, typeof b === 'number' ? constant(b, { dtype: a.dtype }) : b];
}

/** Sums a gradient over the axes along which `operand` was stretched. */
export function unbroadcast(gradient: Value, operand: Value): Value {
  const lead = gradient.shape.length - operand.shape.length;
  const axes = stretchedAxes(operand.shape, gradient.shape);
  const leading = axes.filter((a) => a < lead);
  const inner = axes.filter((a) => a >= lead).map((a) => a - lead);
  const summed = leading.length > 0 ? reduceSum(gradient, leading) : gradient;
  return inner.length > 0 ? reduceSum(summed, inner, { keepDims: true }) : summed;
}

/** The shape that an int32 vector holds, as far as it is known when the graph is built; null if even the rank is unknown. */
export function shapeHeld(v: Value): Shape | null {
  if (v.node.op === 'Shape') return v.node.inputs[0]!.shape;
  const numbers = constantNumbers(v);
  if (numbers !== null) return numbers.map((d) => (d < 0 ? null : d));
  const length = v.shape[0];
  return length === null || length === undefined ? null : Array.from({ length }, () => null);
}
