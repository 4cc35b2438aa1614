import type { ProgramFunction } from './functions/compile-signature';
import type { Attributes } from './attribute';
import { depthFirst } from './depth-first';
import type { DType } from './dtype';
import type { Node, Value } from './node';
import { nameNodes } from './naming';
import { bitcast } from './ops/bitcast';
import { cast } from './ops/cast';
import { constant } from './ops/const';
import { identity } from './ops/identity';
import { noOp } from './ops/no-op';
import type { Shape } from './shape';

/** A change of a variable, made by `assign` and its kin or by an optimizer. */
export type Update = Node;

/** What a run of a program takes, hands over and changes. */
export interface SignatureSpec {
  readonly inputs?: Readonly<Record<string, Value>>;
  readonly outputs?: Readonly<Record<string, Value>>;
  /** Changes of variables. They and the outputs see the variables as they were before any of them (but see readAfter). */
  readonly updates?: readonly Update[];
}

/** A value that crosses between host and graph. */
export interface Port {
  /** Name in the graph, `node:output`. */
  readonly tensor: string;
  /** Type and shape as the caller sees them. */
  readonly dtype: DType;
  readonly shape: Shape;
  /** Type in which it crosses: float64 and int64 as pairs of int32, booleans and bytes as int32, bfloat16 as float32. */
  readonly wire: 'float32' | 'int32' | 'string';
}

export interface Signature {
  readonly inputs: Readonly<Record<string, Port>>;
  readonly outputs: Readonly<Record<string, Port>>;
}

/** A node with names in place of references: `a:0` is an output, `^a` a control edge. */
export interface NamedNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attributes: Attributes;
}

/** A graph as data: printable, comparable, ready to be written. */
export interface Program {
  readonly nodes: readonly NamedNode[];
  readonly signatures: Readonly<Record<string, Signature>>;
  /** what nodes of the operation `StatefulPartitionedCall` call (see `compileSignature`) */
  readonly functions?: readonly ProgramFunction[];
}

interface Built {
  readonly name: string;
  readonly inputs: readonly (readonly [string, Value])[];
  readonly outputs: readonly (readonly [string, Value, Value])[];
  readonly updates: readonly Update[];
  readonly barrier: Node | null;
}

/**
 * Fixes a program: its nodes in an order in which each follows what it uses, named by their order, so that equal programs
 * are equal data. Every update waits for all that the signature's updates and outputs are computed from (one read a variable
 * and step), and every output is handed over after all updates. A signature without outputs hands over `done`, 0.
 *
 * @throws Error for an update shared by two signatures, an output that needs an input the signature lacks, equal names.
 */
export function program({ signatures }: { readonly signatures: Readonly<Record<string, SignatureSpec>> }): Program {
  const owner = new Map<Update, string>();
  const built = Object.entries(signatures).map(([name, spec]) => {
    for (const u of spec.updates ?? []) {
      const other = owner.get(u);
      if (other !== undefined) {
        throw new Error(
          `program: one update serves ${other === name ? `${name} twice` : `${other} and ${name}`}; make it once for each`,
        );
      }
      owner.set(u, name);
    }
    return build(name, spec);
  });
  const barriers = new Map(built.flatMap((b) => (b.barrier ? b.updates.map((u) => [u, b.barrier!] as const) : [])));
  const roots = built.flatMap((b) => [...b.inputs.map(([, v]) => v.node), ...b.outputs.map(([, v]) => v.node)]);
  const { nodes, nameOf } = nameNodes(roots, barriers);
  return Object.freeze({
    nodes,
    signatures: Object.freeze(
      Object.fromEntries(
        built.map((b) => [
          b.name,
          Object.freeze({
            inputs: Object.fromEntries(b.inputs.map(([key, v]) => [key, inputPort(nameOf, v)])),
            outputs: Object.fromEntries(b.outputs.map(([key, sent, v]) => [key, outputPort(nameOf, sent, v)])),
          }),
        ]),
      ),
    ),
  });
}

function build(name: string, { inputs = {}, outputs = {}, updates = [] }: SignatureSpec): Built {
  const asked = Object.entries(outputs);
  const results = asked.length > 0 ? asked : [['done', constant(0, { dtype: 'int32' })] as const];
  const sent = results.map(([key, v]) => [key, identity(onWire(v), { after: updates }), v] as const);
  const fed = Object.entries(inputs);
  checkInputs(name, new Set(fed.map(([, v]) => placeholderOf(v))), [...sent.map(([, v]) => v.node), ...updates]);
  return {
    name,
    inputs: fed,
    outputs: sent,
    updates,
    barrier:
      updates.length > 0
        ? barrierOf(
            updates,
            results.map(([, v]) => v),
          )
        : null,
  };
}

/** A node that runs when everything is there from which updates and outputs are computed, except what follows an update. */
function barrierOf(updates: readonly Update[], outputs: readonly Value[]): Node {
  const changed = new Set<Node>(updates);
  const follows = new Map<Node, boolean>();
  const before = new Set<Node>();
  for (const node of depthFirst([...outputs.map((v) => v.node), ...updates])) {
    const late = changed.has(node) || [...node.inputs.map((v) => v.node), ...node.controls].some((n) => follows.get(n));
    follows.set(node, late);
    if (!late && node.op === 'ReadVariableOp') before.add(node);
  }
  for (const u of updates) {
    for (const { node } of u.inputs) {
      if (!follows.get(node) && node.op !== 'VarHandleOp' && node.op !== 'Const') before.add(node);
    }
  }
  return noOp([...before]);
}

function checkInputs(signature: string, fed: ReadonlySet<Node>, roots: readonly Node[]): void {
  for (const node of depthFirst(roots)) {
    if (node.op === 'Placeholder' && !fed.has(node)) {
      throw new Error(`program: the signature ${signature} needs the input "${node.name}" and does not list it`);
    }
  }
}

/** The placeholder behind an input, which for float64 is read as int32 pairs. */
export function placeholderOf(v: Value): Node {
  const node = v.node.op === 'Bitcast' || v.node.op === 'Cast' ? v.node.inputs[0]!.node : v.node;
  if (node.op !== 'Placeholder') throw new Error(`program: an input should be made by input(), not by ${v.node.op}`);
  return node;
}

/** A value as it can cross to the host. */
function onWire(v: Value): Value {
  switch (v.dtype) {
    case 'float64':
    case 'int64':
      return bitcast(v, 'int32');
    case 'bool':
    case 'uint8':
      return cast(v, 'int32');
    case 'bfloat16':
      return cast(v, 'float32');
    case 'resource':
      throw new Error('program: a handle cannot be an output; hand over the variable’s value');
    default:
      return v;
  }
}

const tensorName = (nameOf: (n: Node) => string, v: Value): string => `${nameOf(v.node)}:${v.output}`;

function inputPort(nameOf: (n: Node) => string, v: Value): Port {
  const fed = placeholderOf(v);
  return { tensor: `${nameOf(fed)}:0`, dtype: v.dtype, shape: v.shape, wire: fed.outputs[0]!.dtype as Port['wire'] };
}

const outputPort = (nameOf: (n: Node) => string, sent: Value, v: Value): Port => ({
  tensor: tensorName(nameOf, sent),
  dtype: v.dtype,
  shape: v.shape,
  wire: sent.dtype as Port['wire'],
});
