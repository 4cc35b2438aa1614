import { assign } from '../ops/assign';
import { input } from '../ops/placeholder';
import type { Variable } from '../ops/var-handle';
import type { SignatureSpec } from '../program';

/** Hands over the variables under their names: for checkpoints. */
export const saveSignature = (variables: readonly Variable[]): SignatureSpec => ({
  outputs: Object.fromEntries(variables.map((v) => [v.name, v.value])),
});

/** Sets the variables from inputs of their names: for initial values and checkpoints alike. */
export function restoreSignature(variables: readonly Variable[]): SignatureSpec {
  const inputs = variables.map((v) => [v.name, input(`restore/${v.name}`, v.dtype, v.shape)] as const);
  return {
    inputs: Object.fromEntries(inputs),
    updates: variables.map((v, i) => assign(v, inputs[i]![1])),
  };
}
