import { attribute } from '../attribute';
import type { DType } from '../dtype';
import type { NamedNode, Port, Program } from '../program';
import outputNames from './output-names.json';

/** A part of a graph that is called as one operation. Inside, a value is called `node:output name:index`, an input by its own name. */
export interface ProgramFunction {
  readonly name: string;
  readonly inputs: readonly { readonly name: string; readonly dtype: DType }[];
  readonly outputs: readonly { readonly name: string; readonly dtype: DType; readonly from: string }[];
  readonly nodes: readonly NamedNode[];
}

export interface CompileOptions {
  /** compile the function with XLA: every operation becomes a part of one kernel launch (for GPUs; on CPUs oneDNN is faster) */
  readonly xla: boolean;
  /**
   * How often one run works through the signature, one pass after the other. Every input and output gets a first axis of this
   * size. Null: once, with shapes as they were.
   */
  readonly steps: number | null;
  /** name of the new signature, beside the old one; default: it takes the old one's place */
  readonly as?: string;
}

const names: Readonly<Record<string, readonly string[]>> = outputNames;
const isHandle = (node: NamedNode): boolean => node.op === 'VarHandleOp';
const isInput = (node: NamedNode): boolean => node.op === 'Placeholder';

/** `^a` → a; `a:1` → a and 1; `a` → a and 0. */
function parse(reference: string): { readonly node: string; readonly output: number; readonly control: boolean } {
  if (reference.startsWith('^')) return { node: reference.slice(1), output: 0, control: true };
  const at = reference.lastIndexOf(':');
  return at < 0
    ? { node: reference, output: 0, control: false }
    : { node: reference.slice(0, at), output: Number(reference.slice(at + 1)), control: false };
}

const dtypeOf = (node: NamedNode): DType => {
  const type = node.attributes.dtype;
  if (type?.kind !== 'type') throw new Error(`${node.name} has no attribute dtype`);
  return type.value;
};

/** All nodes that these names need, in the program's order. */
function needed(program: Program, roots: readonly string[]): NamedNode[] {
  const byName = new Map(program.nodes.map((n) => [n.name, n]));
  const seen = new Set<string>();
  const stack = [...roots];
  for (let name = stack.pop(); name !== undefined; name = stack.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    for (const reference of byName.get(name)!.inputs) stack.push(parse(reference).node);
  }
  return program.nodes.filter((n) => seen.has(n.name));
}

/**
 * Moves what one signature computes into a function that is called as one operation, once or several times a run. Variables and inputs
 * stay outside and are handed in. The result computes the same: control edges inside keep reads before updates and updates before
 * outputs, and calls follow each other by control edges.
 *
 * @throws Error for a signature that the program lacks, or an operation whose outputs have no known names.
 */
export function compileSignature(
  program: Program,
  signature: string,
  { xla, steps, as: target = signature }: CompileOptions,
): Program {
  const found = program.signatures[signature];
  if (!found)
    throw new Error(`the program has no signature ${signature}; it has ${Object.keys(program.signatures).join(', ')}`);
  if (steps !== null && !(Number.isInteger(steps) && steps > 0))
    throw new Error(`steps is ${steps}; it should be null, 1, 2, …`);
  if (target !== signature && target in program.signatures)
    throw new Error(`the program has a signature ${target} already; give the new one another name`);
  const outputs = Object.entries(found.outputs);
  const roots = outputs.map(([, port]) => parse(port.tensor).node);
  const all = needed(program, roots);
  const inside = new Map(all.filter((n) => !isHandle(n) && !isInput(n)).map((n) => [n.name, n]));

  // Handles and inputs become arguments; their names inside are plain, since TensorFlow takes only lower-case words.
  const outside = all.filter((n) => !inside.has(n.name));
  const argumentOf = new Map(outside.map((n, i) => [n.name, `argument_${i}`]));
  const within = (reference: string): string => {
    const { node, output, control } = parse(reference);
    if (control) return reference;
    const argument = argumentOf.get(node);
    if (argument !== undefined) return argument;
    const name = names[inside.get(node)!.op]?.[output];
    if (name === undefined)
      throw new Error(
        `output ${output} of ${inside.get(node)!.op} has no known name; run output-names.py in libs/graph/src/functions`,
      );
    return `${node}:${name}:0`;
  };
  const body: ProgramFunction = {
    name: `${signature}_function`,
    inputs: outside.map((n) => ({ name: argumentOf.get(n.name)!, dtype: isHandle(n) ? 'resource' : dtypeOf(n) })),
    outputs: outputs.map(([, port], i) => ({ name: `result_${i}`, dtype: port.wire, from: within(port.tensor) })),
    nodes: [...inside.values()].map((n) => ({
      ...n,
      // what is outside has been there all along: nothing inside waits for it
      inputs: n.inputs.filter((r) => !(parse(r).control && argumentOf.has(parse(r).node))).map(within),
    })),
  };

  const result = (i: number): string => (i === 0 ? '' : `:${i}`);
  const call = (name: string, inputs: readonly string[]): NamedNode => ({
    name,
    op: 'StatefulPartitionedCall',
    inputs,
    attributes: {
      Tin: attribute.types(body.inputs.map((a) => a.dtype)),
      Tout: attribute.types(body.outputs.map((r) => r.dtype)),
      f: attribute.func(body.name),
      config: attribute.string(''),
      config_proto: attribute.string(''),
      executor_type: attribute.string(''),
      ...(xla ? { _XlaMustCompile: attribute.bool(true) } : {}),
    },
  });
  if (steps === null) {
    const once = call(
      `${target}/call`,
      outside.map((n) => n.name),
    );
    const sent = outputs.map(([key, port], i) => [key, { ...port, tensor: `${once.name}:${i}` }] as const);
    return assemble(program, target, { ...found, outputs: Object.fromEntries(sent) }, body, [once]);
  }

  // Each input arrives as a stack and is taken apart; each output leaves as one. Inputs of other signatures keep their shapes.
  const stackOf = (name: string): string => `${target}/stacked/${name}`;
  const stacked = (port: Port, tensor: string): Port => ({ ...port, tensor, shape: [steps, ...port.shape] });
  const stacks = outside.filter(isInput).flatMap((n): NamedNode[] => {
    const dtype = dtypeOf(n);
    const shape = n.attributes.shape?.kind === 'shape' ? n.attributes.shape.value : [];
    const name = stackOf(n.name);
    return [
      { ...n, name, attributes: { ...n.attributes, shape: attribute.shape([steps, ...shape]) } },
      {
        name: `${name}/apart`,
        op: 'Unpack',
        inputs: [name],
        attributes: { T: attribute.type(dtype), num: attribute.int(steps), axis: attribute.int(0) },
      },
    ];
  });
  const callName = (k: number): string => `${target}/call_${k}`;
  const calls = Array.from({ length: steps }, (_, k) =>
    call(callName(k), [
      ...outside.map((n) => (isInput(n) ? `${stackOf(n.name)}/apart${result(k)}` : n.name)),
      ...(k > 0 ? [`^${callName(k - 1)}`] : []),
    ]),
  );
  const together = outputs.map(([, port], i): NamedNode => ({
    name: `${target}/together_${i}`,
    op: 'Pack',
    inputs: calls.map((c) => `${c.name}${result(i)}`),
    attributes: { T: attribute.type(port.wire), N: attribute.int(steps), axis: attribute.int(0) },
  }));
  const ports = {
    inputs: Object.fromEntries(
      Object.entries(found.inputs).map(([key, port]) => [key, stacked(port, `${stackOf(parse(port.tensor).node)}:0`)]),
    ),
    outputs: Object.fromEntries(outputs.map(([key, port], i) => [key, stacked(port, `${together[i]!.name}:0`)])),
  };
  return assemble(program, target, ports, body, [...stacks, ...calls, ...together]);
}

/** The program with one signature in its new form; nodes that only its old form needed are gone. */
function assemble(
  program: Program,
  signature: string,
  ports: Program['signatures'][string],
  body: ProgramFunction,
  added: readonly NamedNode[],
): Program {
  const signatures = { ...program.signatures, [signature]: Object.freeze(ports) };
  const whole: Program = { ...program, nodes: [...program.nodes, ...added], signatures };
  const roots = Object.values(signatures).flatMap((s) =>
    [...Object.values(s.inputs), ...Object.values(s.outputs)].map((port) => parse(port.tensor).node),
  );
  return Object.freeze({
    nodes: Object.freeze(needed(whole, roots)),
    signatures: Object.freeze(signatures),
    // two signatures that call the same thing share one function, which is then compiled once
    functions: Object.freeze([...(program.functions ?? []).filter((f) => f.name !== body.name), Object.freeze(body)]),
  });
}
