import { depthFirst } from './depth-first';
import type { Node, Value } from './node';
import type { NamedNode } from './program';

/**
 * Names the nodes that the roots need, in an order in which each follows what it uses: variables and inputs by their own
 * names, others by their operation and number. Equal graphs get equal names.
 */
export function nameNodes(
  roots: readonly Node[],
  barriers: ReadonlyMap<Node, Node>,
): { readonly nodes: readonly NamedNode[]; readonly nameOf: (node: Node) => string } {
  const order = [...depthFirst(roots, (node) => barriers.get(node))];
  const names = new Map<Node, string>();
  const taken = new Set<string>();
  for (const node of order) {
    if (node.name === null) continue;
    if (taken.has(node.name))
      throw new Error(`program: two nodes are named "${node.name}"; rename a variable or an input`);
    taken.add(node.name);
    names.set(node, node.name);
  }
  const counts = new Map<string, number>();
  for (const node of order) {
    if (names.has(node)) continue;
    let name: string;
    do {
      const n = counts.get(node.op) ?? 0;
      counts.set(node.op, n + 1);
      name = `${node.op}_${n}`;
    } while (taken.has(name));
    names.set(node, name);
  }
  const nameOf = (node: Node): string => {
    const name = names.get(node);
    if (name === undefined) throw new Error(`program: ${node.op} is no part of it`);
    return name;
  };
  const reference = (v: Value) => (v.output === 0 ? nameOf(v.node) : `${nameOf(v.node)}:${v.output}`);
  const nodes = order.map((node) => {
    const barrier = barriers.get(node);
    const controls = new Set([...node.controls, ...(barrier ? [barrier] : [])]);
    return Object.freeze({
      name: nameOf(node),
      op: node.op,
      inputs: Object.freeze([...node.inputs.map(reference), ...[...controls].map((c) => `^${nameOf(c)}`)]),
      attributes: node.attributes,
    });
  });
  return { nodes: Object.freeze(nodes), nameOf };
}
