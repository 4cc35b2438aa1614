import type { Attributes } from './attribute';
import type { DType } from './dtype';
import { printShape, type Shape } from './shape';

/** One operation of a graph: frozen data. Two nodes are the same only if they are the same object. */
export interface Node {
  /** TensorFlow's name of the operation; the key of its definition in the registry. */
  readonly op: string;
  readonly inputs: readonly Value[];
  /** Nodes that run before this one although nothing flows from them. */
  readonly controls: readonly Node[];
  readonly attributes: Attributes;
  readonly outputs: readonly OutputType[];
  /** A fixed name, for variables and inputs; other nodes are named when a program is made. */
  readonly name: string | null;
}

export interface OutputType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** One output of a node: what builders take and return. */
export interface Value extends OutputType {
  readonly node: Node;
  readonly output: number;
}

/** Where a builder takes a value, a number stands for a scalar constant of the other operand's type. */
export type Operand = Value | number;

/**
 * Gradient rule of an operation: given the node and the derivative of the loss with respect to each of its outputs
 * (null where the loss does not depend on it), the derivative with respect to each input (null where there is none:
 * integers, axes, shapes).
 */
export type GradientRule = (node: Node, outputGradients: readonly (Value | null)[]) => readonly (Value | null)[];

/** An operation: shape rule, gradient rule, and examples on which both are checked against TensorFlow. */
export interface OpDefinition {
  readonly op: string;
  /** Types and shapes of the outputs; throws with the wrong value when the inputs do not fit. */
  readonly infer: (inputs: readonly Value[], attributes: Attributes) => readonly OutputType[];
  /**
   * The rule; or `none`, where the output does not change with the input (derivatives end here quietly); or `missing`, where
   * there is a derivative that nobody has needed (asking for it is an error). Both with the reason.
   */
  readonly gradient: GradientRule | { readonly none: string } | { readonly missing: string };
  /** Inputs on which the op is run; at least one, or the reason why it cannot be run alone. */
  readonly examples: readonly Example[] | { readonly none: string };
}

/** An input of an example: closed-form numbers, so that nothing random is stored. */
export interface ExampleInput {
  readonly shape: readonly number[];
  readonly dtype: 'float' | 'int32' | 'bool' | 'uint8';
  readonly values: readonly number[];
  /** The first axis may be unknown when the graph is built; the example is then run that way too. */
  readonly batch: boolean;
}

export interface Example {
  readonly title: string;
  readonly inputs: readonly ExampleInput[];
  readonly build: (...inputs: Value[]) => Value | readonly Value[];
  /** Where TensorFlow has no float64 kernel, float32: the gradient is then checked along directions. */
  readonly precision?: 'float64' | 'float32';
  /** Positions of floating-point inputs that have no derivative: of which only the shape counts, or where it is a step. */
  readonly fixed?: readonly number[];
  /** The output's size is that of a fed number, which no inference can know. */
  readonly shapeFromFeed?: boolean;
}

export function defineOp(definition: OpDefinition): OpDefinition {
  return Object.freeze(definition);
}

/** Makes a node of a defined op. @throws Error when the shape rule refuses the inputs. */
export function createNode(
  definition: OpDefinition,
  inputs: readonly Value[],
  attributes: Attributes = {},
  options: { readonly after?: readonly Node[]; readonly name?: string } = {},
): Node {
  return Object.freeze({
    op: definition.op,
    inputs: Object.freeze([...inputs]),
    controls: Object.freeze([...(options.after ?? [])]),
    attributes: Object.freeze(attributes),
    outputs: Object.freeze(definition.infer(inputs, attributes).map((o) => Object.freeze(o))),
    name: options.name ?? null,
  });
}

/** Output `index` of a node. */
export function outputOf(node: Node, index = 0): Value {
  const type = node.outputs[index];
  if (type === undefined) throw new Error(`${node.op} has ${node.outputs.length} outputs, no output ${index}`);
  return Object.freeze({ node, output: index, dtype: type.dtype, shape: type.shape });
}

export const printValue = (v: OutputType): string => `${v.dtype}${printShape(v.shape)}`;
