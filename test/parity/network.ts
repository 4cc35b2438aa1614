import { cast, gradients, input, program, restoreSignature } from '@minvar/graph';
import type { SignatureSpec, Update, Value, Variable } from '@minvar/graph';
import { completeMethodParameters, findMethod } from '@minvar/methods';
import { completeModelParameters, findModel, modelVariables } from '@minvar/models';
import type { ModelOutput, ModelVariables, Scope, ScopeOptions, VariableType } from '@minvar/models';
import { openSession } from '@minvar/tf-runtime';
import type { Feed, Session } from '@minvar/tf-runtime';
import { filled } from './closed-form';

export interface NetworkOptions {
  readonly kind: 'resnet18' | 'resnet50' | 'resnet101';
  readonly settings: Readonly<Record<string, unknown>>;
  readonly size: number;
  readonly classes: number;
  readonly dtype: VariableType;
  readonly damped?: boolean;
}

/** A registered ResNet over images: count × size × size × 3 whose variables follow the closed form. */
export interface Network {
  readonly x: Value;
  readonly labels: Value;
  readonly lambda: Value;
  readonly partner: Value;
  readonly variables: ModelVariables;
  build(options: ScopeOptions, inputs?: Value): { out: ModelOutput; updates: readonly Update[] };
  /** Loads signatures over the network, every variable at its closed form and those of `zero` at 0. */
  open(signatures: Readonly<Record<string, SignatureSpec>>, zero?: readonly Variable[]): Session;
}

export function network({ kind, settings, size, classes, dtype, damped = true }: NetworkOptions): Network {
  const model = findModel(kind);
  const parameters = completeModelParameters(model, settings);
  const x = input('x', dtype, [null, size, size, 3]);
  const variables = modelVariables({ dtype });
  const form = { lastNorm: kind === 'resnet18' ? 'bn2' : 'bn3', damped };
  return {
    x,
    labels: input('labels', 'int32', [null]),
    lambda: input('lambda', dtype, [null]),
    partner: input('partner', 'int32', [null]),
    variables,
    build: (options, inputs = x) => {
      const { scope, updates } = variables.open(options);
      return { out: model.build({ scope: scope as Scope, inputs, classes, parameters }), updates };
    },
    open: (signatures, zero = []) => {
      const own = [...variables.parameters, ...variables.buffers];
      const restore = restoreSignature([...own.map((v) => v.variable), ...zero]);
      const session = openSession({ program: program({ signatures: { restore, ...signatures } }) });
      const features = variables.parameters.find((p) => p.group === 'last-layer')!.variable.shape[1]!;
      const values: Record<string, Feed> = {};
      for (const { name, variable } of own)
        values[name] = fromTorch(filled(name, torchShape(variable.shape), { ...form, features }), variable.shape);
      for (const v of zero) values[v.name] = new Float32Array(v.shape.reduce((a, b) => a * b, 1));
      session.run('restore', values);
      return session;
    },
  };
}

/** Loss and gradients of a training step of a method with its default settings, as a signature; gradients under their parameters' names. */
export function stepSignature(net: Network, methodName: string, options: Partial<ScopeOptions> = {}) {
  const { x, labels, lambda, partner } = net;
  const method = findMethod(methodName.replace(/-(batch|example)$/, ''));
  const parameters = completeMethodParameters(method, {});
  const numbers = method.fed(parameters);
  const fed = Object.fromEntries(Object.keys(numbers).map((name) => [name, input(name, x.dtype, [])]));
  const probe = net.build({ training: false });
  const classes = probe.out.logits.shape[1]!;
  const batch = { inputs: x, labels, classes, lambda, partner, fed };
  const { out, updates } = net.build({ training: true, ...options }, method.inputs(batch, parameters));
  const targets = method.targets(batch, parameters);
  const { logits, penultimate } = out;
  const loss = method.loss({ logits, penultimate, targets, batch }, parameters);
  const slopes = gradients(
    loss,
    net.variables.parameters.map((p) => p.variable),
  );
  const named = Object.fromEntries(net.variables.parameters.map((p, i) => [p.name, slopes[i]!]));
  return {
    signature: {
      inputs: { x, labels, lambda, partner, ...fed },
      outputs: { loss: cast(loss, 'float64'), ...named },
    },
    slopes,
    updates,
    numbers,
  };
}

/** Shape O × I × H × W of a filter H × W × I × O; other shapes are the same in both. */
export const torchShape = (shape: readonly number[]): readonly number[] =>
  shape.length === 4 ? [shape[3]!, shape[2]!, shape[0]!, shape[1]!] : shape;

/** Calls f with the position of each element as TensorFlow stores filters (H × W × I × O) and as PyTorch does (O × I × H × W). */
function eachOf(shape: readonly number[], f: (flow: number, torch: number) => void): void {
  const [height, width, inputs, outputs] = shape as [number, number, number, number];
  let flow = 0;
  for (let h = 0; h < height; h++)
    for (let w = 0; w < width; w++)
      for (let i = 0; i < inputs; i++)
        for (let o = 0; o < outputs; o++, flow++) f(flow, ((o * inputs + i) * height + h) * width + w);
}

/** Values in PyTorch's order as TensorFlow wants them; `shape` is TensorFlow's. Written from the definition, apart from the engine's own. */
export function fromTorch(values: Float32Array, shape: readonly number[]): Float32Array {
  if (shape.length !== 4) return values;
  const out = new Float32Array(values.length);
  eachOf(shape, (flow, torch) => (out[flow] = values[torch]!));
  return out;
}

/** Values in TensorFlow's order as PyTorch has them. */
export function toTorch(values: ArrayLike<number>, shape: readonly number[]): ArrayLike<number> {
  if (shape.length !== 4) return values;
  const out = new Float64Array(values.length);
  eachOf(shape, (flow, torch) => (out[torch] = values[flow]!));
  return out;
}
