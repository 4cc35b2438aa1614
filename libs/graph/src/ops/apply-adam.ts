import { attribute } from '../attribute';
import { createNode, defineOp, printValue, type Node, type Value } from '../node';
import { compatible, printShape } from '../shape';
import { constant } from './const';
import { declared, type Variable } from './var-handle';

export const applyAdamOp = defineOp({
  op: 'ResourceApplyAdam',
  infer: (inputs) => {
    const { dtype, shape, name } = declared(inputs[0]!);
    const g = inputs[9]!;
    if (g.dtype !== dtype || !compatible(g.shape, shape)) {
      throw new Error(`applyAdam: the gradient ${printValue(g)} does not fit ${name}, ${dtype}${printShape(shape)}`);
    }
    return [];
  },
  gradient: { none: 'has no output' },
  examples: { none: 'changes state; run by the optimizer suite' },
});

/**
 * m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², w ← w − stepSize · m / (√v + epsilon): Adam with its bias corrections left to
 * the caller (the kernel's own are turned off, since it computes 1 − βᵗ in the variable's precision).
 */
export function applyAdam(
  { w, m, v }: { readonly w: Variable; readonly m: Variable; readonly v: Variable },
  g: Value,
  {
    stepSize,
    epsilon,
    beta1,
    beta2,
  }: { readonly stepSize: Value; readonly epsilon: Value; readonly beta1: number; readonly beta2: number },
  { after = [] }: { readonly after?: readonly Node[] } = {},
): Node {
  const { dtype } = w;
  const scalar = (x: number) => constant(x, { dtype });
  return createNode(
    applyAdamOp,
    [w.handle, m.handle, v.handle, scalar(0), scalar(0), stepSize, scalar(beta1), scalar(beta2), epsilon, g],
    { T: attribute.type(dtype), use_locking: attribute.bool(false), use_nesterov: attribute.bool(false) },
    { after },
  );
}
