import { assign } from '../ops/assign';
import { input } from '../ops/placeholder';
import type { Variable } from '../ops/var-handle';
import type { SignatureSpec } from '../program';

/** Hands over the variables under their names: for checkpoints. @throws Error when two share a name. */
export const saveSignature = (variables: readonly Variable[]): SignatureSpec => ({
  outputs: Object.fromEntries(distinct(variables).map((v) => [v.name, v.value])),
});

/** Sets the variables from inputs of their names: for initial values and checkpoints. @throws Error when two share a name. */
export function restoreSignature(variables: readonly Variable[]): SignatureSpec {
  const fed = distinct(variables).map((v) => [v, input(`restore/${v.name}`, v.dtype, v.shape)] as const);
  return {
    inputs: Object.fromEntries(fed.map(([v, value]) => [v.name, value])),
    updates: fed.map(([v, value]) => assign(v, value)),
  };
}

function distinct(variables: readonly Variable[]): readonly Variable[] {
  const names = variables.map((v) => v.name);
  const twice = names.find((n, i) => names.indexOf(n) !== i);
  if (twice !== undefined) throw new Error(`two variables are named ${twice}; rename one`);
  return variables;
}
