import { isFloating } from './dtype';
import { printValue, type Node, type Value } from './node';
import { add } from './ops/add';
import { onesLike } from './ops/ones-like';
import type { Variable } from './ops/var-handle';
import { ops } from './ops/registry.gen';

/**
 * Derivatives of a scalar with respect to values or variables, by reverse accumulation.
 *
 * @param loss a floating-point scalar.
 * @param wrt values on the way to the loss, or variables (taken at their shared read).
 * @returns one derivative for each, of its type and shape.
 * @throws Error if the loss does not depend on one of them, or if a rule on the way is missing.
 */
export function gradients(loss: Value, wrt: readonly (Value | Variable)[]): readonly Value[] {
  if (loss.shape.length > 0 || !isFloating(loss.dtype)) {
    throw new Error(
      `gradients: the loss should be one floating-point number, not ${printValue(loss)}; reduce it first`,
    );
  }
  const targets = wrt.map((w) => ('handle' in w ? w.value : w));
  const order = path(loss.node, targets);
  const collected = new Map<Node, (Value | null)[]>();
  const collect = (v: Value, g: Value) => {
    const slots = collected.get(v.node) ?? v.node.outputs.map(() => null);
    const before = slots[v.output];
    slots[v.output] = before ? add(before, g) : g;
    collected.set(v.node, slots);
  };
  if (order.has(loss.node)) collect(loss, onesLike(loss));
  for (const node of order) {
    const outputGradients = collected.get(node);
    if (outputGradients === undefined || node.inputs.length === 0) continue;
    const { gradient } = definitionOf(node);
    if (typeof gradient !== 'function') {
      if ('missing' in gradient) throw new Error(`gradients: ${node.op} has no gradient rule: ${gradient.missing}`);
      continue;
    }
    const inputGradients = gradient(node, outputGradients);
    node.inputs.forEach((v, i) => {
      const g = inputGradients[i];
      if (g && isFloating(v.dtype) && order.has(v.node)) collect(v, g);
    });
  }
  return targets.map((t, i) => {
    const g = collected.get(t.node)?.[t.output];
    if (!g) {
      const w = wrt[i]!;
      throw new Error(
        `gradients: the loss does not depend on ${'handle' in w ? w.name : `${t.node.op} ${printValue(t)}`}`,
      );
    }
    return g;
  });
}

/** The nodes between the loss and the targets, users before what they use. */
function path(root: Node, targets: readonly Value[]): ReadonlySet<Node> {
  const wanted = new Set(targets.map((t) => t.node));
  const leads = new Map<Node, boolean>();
  const finished: Node[] = [];
  // Depth first without recursion: a network of a hundred layers would overflow the stack.
  const stack: { readonly node: Node; next: number; leads: boolean }[] = [];
  const enter = (node: Node) => stack.push({ node, next: 0, leads: wanted.has(node) });
  enter(root);
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    const v = top.node.inputs[top.next];
    if (v === undefined) {
      stack.pop();
      leads.set(top.node, top.leads);
      if (top.leads) finished.push(top.node);
      const parent = stack[stack.length - 1];
      if (parent && top.leads) parent.leads = true;
      continue;
    }
    top.next += 1;
    const known = leads.get(v.node);
    if (known === undefined) enter(v.node);
    else if (known) top.leads = true;
  }
  return new Set(finished.reverse());
}

function definitionOf(node: Node) {
  const definition = (ops as Readonly<Record<string, (typeof ops)[keyof typeof ops]>>)[node.op];
  if (definition === undefined) throw new Error(`gradients: ${node.op} is not in the registry; run npm run generate`);
  return definition;
}
