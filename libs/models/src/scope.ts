import { variable } from '@minvar/graph';
import type { Update, Value, Variable } from '@minvar/graph';
import type { Initialiser } from './initialise';

/** How weight decay and reports tell parameters apart. */
export type ParameterGroup = 'weight' | 'last-layer' | 'normalisation' | 'bias';

export interface Parameter {
  /** torchvision-style, e.g. `conv1.weight` */
  readonly name: string;
  readonly group: ParameterGroup;
  /** filters are height × width × in × out, matrices out × in */
  readonly variable: Variable;
  readonly initialise: Initialiser;
}

/** A value that training tracks without a gradient, e.g. `bn1.running_mean`. */
export interface Buffer {
  readonly name: string;
  readonly variable: Variable;
  readonly initial: number;
}

/** Type of a model's variables: float64 for checks of derivatives, where normalisation is composed of elementary operations. */
export type VariableType = 'float32' | 'float64';
/** Type in which convolutions and what follows them up to the next pooling are computed. */
export type Compute = VariableType | 'bfloat16';

export interface ScopeOptions {
  readonly training: boolean;
  /**
   * `bfloat16`: convolutions, hidden linear layers, normalised activations, ReLU and residual sums are computed in it; weights (cast at each
   * use, so that their derivatives arrive in float32), normalisation statistics, pooling and logits stay float32. Default: the variables' type.
   */
  readonly compute?: Compute;
  /**
   * How running statistics follow the batches in training: running ← (1 − m) · running + m · batch. m is a float32 scalar of the graph; by
   * default PyTorch's 0.1. Fed 1/k at the k-th batch, they are the average over the batches (as `torch.optim.swa_utils.update_bn`).
   */
  readonly statistics?: { readonly momentum: Value };
}

/**
 * Where a model's layers find their variables. Building the same model twice with one set of variables (training and evaluation) meets the
 * same variables by name.
 */
export interface Scope {
  readonly training: boolean;
  /** of variables, pooling, the penultimate layer and logits */
  readonly dtype: VariableType;
  readonly compute: Compute;
  /** m of running ← (1 − m) · running + m · batch */
  readonly momentum: Value | number;
  parameter(name: string, shape: readonly number[], group: ParameterGroup, initialise: Initialiser): Value;
  buffer(name: string, shape: readonly number[], initial: number): Variable;
  /** to be carried out by each training step, e.g. of running statistics */
  update(update: Update): void;
}

export interface ModelVariables {
  readonly parameters: readonly Parameter[];
  readonly buffers: readonly Buffer[];
  /** a scope over these variables, and the updates that its layers ask for */
  open(options: ScopeOptions): { scope: Scope; updates: readonly Update[] };
}

/** An empty set of variables; models fill it as they are built. */
export function modelVariables({ dtype = 'float32' }: { readonly dtype?: VariableType } = {}): ModelVariables {
  const parameters = new Map<string, Parameter>();
  const buffers = new Map<string, Buffer>();
  const known = <T extends { variable: Variable }>(
    map: Map<string, T>,
    name: string,
    shape: readonly number[],
    make: () => T,
  ): T => {
    const found = map.get(name) ?? make();
    if (found.variable.shape.join() !== shape.join()) {
      throw new Error(
        `model: '${name}' is used with the shapes (${found.variable.shape.join(', ')}) and (${shape.join(', ')}); give one of them another name`,
      );
    }
    map.set(name, found);
    return found;
  };
  return {
    get parameters() {
      return [...parameters.values()];
    },
    get buffers() {
      return [...buffers.values()];
    },
    open: ({ training, compute = dtype, statistics }) => {
      const updates: Update[] = [];
      const scope: Scope = {
        training,
        dtype,
        compute,
        momentum: statistics?.momentum ?? 0.1,
        parameter: (name, shape, group, initialise) =>
          known(parameters, name, shape, () => ({
            name,
            group,
            initialise,
            variable: variable({ name, dtype, shape }),
          })).variable.value,
        buffer: (name, shape, initial) =>
          known(buffers, name, shape, () => ({ name, initial, variable: variable({ name, dtype, shape }) })).variable,
        update: (update) => updates.push(update),
      };
      return { scope, updates };
    },
  };
}
