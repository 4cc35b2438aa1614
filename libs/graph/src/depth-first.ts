import type { Node } from './node';

/** All nodes that the roots need, each once and after what it uses. */
export function* depthFirst(
  roots: readonly Node[],
  before: (node: Node) => Node | undefined = () => undefined,
): Generator<Node> {
  const seen = new Set<Node>();
  const stack: { readonly node: Node; readonly uses: readonly Node[]; next: number }[] = [];
  const enter = (node: Node) => {
    const extra = before(node);
    stack.push({
      node,
      uses: [...node.inputs.map((v) => v.node), ...node.controls, ...(extra ? [extra] : [])],
      next: 0,
    });
    seen.add(node);
  };
  for (const root of roots) {
    if (!seen.has(root)) enter(root);
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const next = top.uses[top.next];
      top.next += 1;
      if (next === undefined) yield stack.pop()!.node;
      else if (!seen.has(next)) enter(next);
    }
  }
}
