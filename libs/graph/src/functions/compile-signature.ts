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
  const byName = new Map(program.nodes.map((n) => [n.name, n]));
  const all = needed(program, roots);
  const inside = new Map(all.filter((n) => !isHandle(n) && !isInput(n)).map((n) => [n.name, n]));

  // Handles and inputs become arguments; their names inside are plain, since TensorFlow takes only lower-case words.
  const outside = all.filter((n) => !inside.has(n.name));
  const argumentOf = new Map(outside.map((n, i) => [n.name, `argument_${i}`]));
  // On a GPU TensorFlow keeps int32 in the host's memory, where a compiled function does not look for it: such values cross as int64.
  const crossing = (dtype: DType): DType => (xla && dtype === 'int32' ? 'int64' : dtype);
  const crosses = (n: NamedNode): boolean => isInput(n) && crossing(dtypeOf(n)) !== dtypeOf(n);
  const narrowed = outside
    .filter(crosses)
    .map((n) => castNode(`${argumentOf.get(n.name)!}/narrowed`, argumentOf.get(n.name)!, 'int64', 'int32'));
  const within = (reference: string): string => {
    const { node, output, control } = parse(reference);
    if (control) return reference;
    const argument = argumentOf.get(node);
    if (argument !== undefined) return crosses(byName.get(node)!) ? `${argument}/narrowed:y:0` : argument;
    const name = names[inside.get(node)!.op]?.[output];
    if (name === undefined)
      throw new Error(
        `output ${output} of ${inside.get(node)!.op} has no known name; run output-names.py in libs/graph/src/functions`,
      );
    return `${node}:${name}:0`;
  };
  const widened = outputs.flatMap(([, port], i) =>
    crossing(port.wire) === port.wire ? [] : [castNode(`result_${i}/widened`, within(port.tensor), 'int32', 'int64')],
  );
  const body: ProgramFunction = {
    name: `${signature}_function`,
    inputs: outside.map((n) => ({
      name: argumentOf.get(n.name)!,
      dtype: isHandle(n) ? 'resource' : crossing(dtypeOf(n)),
    })),
    outputs: outputs.map(([, port], i) => ({
      name: `result_${i}`,
      dtype: crossing(port.wire),
      from: crossing(port.wire) === port.wire ? within(port.tensor) : `result_${i}/widened:y:0`,
    })),
    nodes: [
      ...narrowed,
      ...[...inside.values()].map((n) => ({
        ...n,
        // what is outside has been there all along: nothing inside waits for it
        inputs: n.inputs.filter((r) => !(parse(r).control && argumentOf.has(parse(r).node))).map(within),
      })),
      ...widened,
    ],
  };

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
  const added: NamedNode[] = [];
  const add = (node: NamedNode): string => {
    added.push(node);
    return node.name;
  };
  /** A value of the outside as the function takes it, and a value of the function as the outside takes it. */
  const wide = (name: string, n: NamedNode): string =>
    crosses(n) ? add(castNode(`${target}/wide/${n.name}`, name, 'int32', 'int64')) : name;
  const narrow = (reference: string, i: number): string =>
    body.outputs[i]!.dtype === 'int64'
      ? add(castNode(`${target}/narrow_${i}`, reference, 'int64', 'int32'))
      : reference;
  const tensorOf = (reference: string): string => (reference.includes(':') ? reference : `${reference}:0`);
  if (steps === null) {
    const once = add(
      call(
        `${target}/call`,
        outside.map((n) => wide(n.name, n)),
      ),
    );
    const sent = outputs.map(
      ([key, port], i) => [key, { ...port, tensor: tensorOf(narrow(`${once}:${i}`, i)) }] as const,
    );
    return assemble(program, target, { ...found, outputs: Object.fromEntries(sent) }, body, added);
  }

  // Each input arrives as a stack and is taken apart; each output leaves as one. Inputs of other signatures keep their shapes.
  const result = (i: number): string => (i === 0 ? '' : `:${i}`);
  const stackOf = (name: string): string => `${target}/stacked/${name}`;
  const stacked = (port: Port, tensor: string): Port => ({ ...port, tensor, shape: [steps, ...port.shape] });
  // An input that nothing is computed from is fed all the same.
  const fed = new Set(Object.values(found.inputs).map((port) => parse(port.tensor).node));
  const used = new Set(outside.map((n) => n.name));
  for (const n of program.nodes.filter((node) => isInput(node) && (fed.has(node.name) || used.has(node.name)))) {
    const shape = n.attributes.shape?.kind === 'shape' ? n.attributes.shape.value : [];
    const stack = add({
      ...n,
      name: stackOf(n.name),
      attributes: { ...n.attributes, shape: attribute.shape([steps, ...shape]) },
    });
    if (!used.has(n.name)) continue;
    add({
      name: `${stack}/apart`,
      op: 'Unpack',
      inputs: [wide(stack, n)],
      attributes: { T: attribute.type(crossing(dtypeOf(n))), num: attribute.int(steps), axis: attribute.int(0) },
    });
  }
  const calls: string[] = [];
  for (let k = 0; k < steps; k++) {
    const given = outside.map((n) => (isInput(n) ? `${stackOf(n.name)}/apart${result(k)}` : n.name));
    calls.push(add(call(`${target}/call_${k}`, k > 0 ? [...given, `^${calls[k - 1]!}`] : given)));
  }
  const together = outputs.map((_, i) =>
    add({
      name: `${target}/together_${i}`,
      op: 'Pack',
      inputs: calls.map((c) => `${c}${result(i)}`),
      attributes: { T: attribute.type(body.outputs[i]!.dtype), N: attribute.int(steps), axis: attribute.int(0) },
    }),
  );
  const ports = {
    inputs: Object.fromEntries(
      Object.entries(found.inputs).map(([key, port]) => [key, stacked(port, `${stackOf(parse(port.tensor).node)}:0`)]),
    ),
    outputs: Object.fromEntries(
      outputs.map(([key, port], i) => [key, stacked(port, tensorOf(narrow(together[i]!, i)))]),
    ),
  };
  return assemble(program, target, ports, body, added);
}

const castNode = (name: string, from: string, source: DType, to: DType): NamedNode => ({
  name,
  op: 'Cast',
  inputs: [from],
  attributes: { SrcT: attribute.type(source), DstT: attribute.type(to), Truncate: attribute.bool(false) },
});

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
