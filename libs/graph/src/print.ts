import type { Attribute } from './attribute';
import { printValue } from './node';
import type { NamedNode, Port, Program } from './program';
import { printShape } from './shape';

/** A program as text: its signatures, then a line for each node. */
export function printProgram(program: Program): string {
  const ports = (list: Readonly<Record<string, Port>>) =>
    Object.entries(list)
      .map(([key, port]) => `${key}: ${printValue(port)}`)
      .join(', ');
  return [
    ...Object.entries(program.signatures).map(([name, s]) => `${name}(${ports(s.inputs)}) -> (${ports(s.outputs)})`),
    ...program.nodes.map(printNode),
    ...(program.functions ?? []).flatMap((f) => [
      `function ${f.name}(${f.inputs.map((a) => `${a.name}: ${a.dtype}`).join(', ')}) -> (${f.outputs.map((r) => `${r.name}: ${r.dtype} = ${r.from}`).join(', ')})`,
      ...f.nodes.map((n) => `  ${printNode(n)}`),
    ]),
    '',
  ].join('\n');
}

function printNode(n: NamedNode): string {
  const attributes = Object.entries(n.attributes).map(([key, a]) => `${key}=${printAttribute(a)}`);
  return `${n.name} = ${n.op}(${n.inputs.join(', ')})${attributes.length > 0 ? ` {${attributes.join(', ')}}` : ''}`;
}

function printAttribute(a: Attribute): string {
  switch (a.kind) {
    case 'shape':
      return printShape(a.value);
    case 'tensor': {
      const { dtype, shape, elements } = a.value;
      const shown = Array.from(elements as ArrayLike<unknown>)
        .slice(0, 8)
        .join(', ');
      return `${dtype}${printShape(shape)} ${shown}${elements.length > 8 ? ', …' : ''}`;
    }
    case 'ints':
    case 'types':
      return `[${a.value.join(', ')}]`;
    default:
      return String(a.value);
  }
}
