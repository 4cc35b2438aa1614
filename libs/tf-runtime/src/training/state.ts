import type { NamedTensor } from '@minvar/contracts';
import type { Buffer, Parameter } from '@minvar/models';
import { stream } from '@minvar/random';
import type { Session } from '../session';
import { trainingError } from './failure';
import type { CheckpointTensors, Tensors } from './files';
import { fromTorch, torchShape, toTorch } from './layout';
import type { TrainingProgram } from './training-program';

/** Values of the session's variables by name, in TensorFlow's layout. */
export type SessionState = Readonly<Record<string, Float32Array>>;

/** Float32 outputs of a signature, by name. */
export const arraysOf = (outputs: ReturnType<Session['run']>): Readonly<Record<string, Float32Array>> =>
  Object.fromEntries(Object.entries(outputs).map(([name, v]) => [name, v.data as Float32Array]));

/** What the session holds now, bit for bit. */
export const stateOf = (session: Session): SessionState => arraysOf(session.run('save'));

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Fresh parameters from the `init` stream, one fork a parameter name, so that all methods begin alike; statistics and moments at their start. */
export function initialState({ parameters, buffers, optimizer }: TrainingProgram, seed: number): SessionState {
  const init = stream({ seed, purpose: 'init' });
  const state: Record<string, Float32Array> = {};
  for (const { name, variable, initialise } of parameters)
    state[name] = fromTorch(initialise(sizeOf(variable.shape), init.fork(name)), variable.shape);
  for (const { name, variable, initial } of buffers)
    state[name] = new Float32Array(sizeOf(variable.shape)).fill(initial);
  for (const { name, shape } of optimizer.state) state[name] = new Float32Array(sizeOf(shape));
  return state;
}

const counterOf = (buffer: Buffer): string | null =>
  buffer.name.endsWith('.running_mean') ? `${buffer.name.slice(0, -'running_mean'.length)}num_batches_tracked` : null;

/** The state as files: PyTorch's names and layouts, with its counters of tracked batches. */
export function toCheckpoint(
  { parameters, buffers, optimizer }: TrainingProgram,
  state: SessionState,
  steps: number,
): CheckpointTensors {
  const exported = (name: string, shape: readonly number[]): NamedTensor => ({
    shape: torchShape(shape),
    data: toTorch(state[name]!, shape),
  });
  const model: Record<string, NamedTensor> = {};
  for (const { name, variable } of [...parameters, ...buffers]) model[name] = exported(name, variable.shape);
  for (const counter of buffers.map(counterOf))
    if (counter) model[counter] = { shape: [], data: BigInt64Array.of(BigInt(steps)) };
  return {
    model,
    optimizer: Object.fromEntries(optimizer.state.map(({ name, shape }) => [name, exported(name, shape)])),
  };
}

/** The state that a checkpoint holds. */
export function fromCheckpoint(
  { parameters, buffers, optimizer }: TrainingProgram,
  tensors: CheckpointTensors,
  from: string,
): SessionState {
  const state: Record<string, Float32Array> = {};
  for (const { name, variable } of [...parameters, ...buffers])
    state[name] = imported(tensors.model, name, variable.shape, from);
  for (const { name, shape } of optimizer.state) state[name] = imported(tensors.optimizer, name, shape, from);
  return state;
}

/**
 * A fresh state whose parameters and statistics come from a file of weights (`init.from`). The last layer may differ in its number of
 * classes only by an error: nothing is skipped in silence.
 */
export function fromWeights(made: TrainingProgram, seed: number, tensors: Tensors, from: string): SessionState {
  const state: Record<string, Float32Array> = { ...initialState(made, seed) };
  const known = new Set<string>([...made.parameters, ...made.buffers].map((v: Parameter | Buffer) => v.name));
  const strange = Object.keys(tensors).filter((name) => !known.has(name) && !name.endsWith('.num_batches_tracked'));
  if (strange.length > 0)
    throw trainingError(
      'BAD_SPEC',
      `init.from: ${from} holds '${strange[0]}', which the model does not have; it has ${[...known].join(', ')}`,
    );
  for (const { name, variable } of [...made.parameters, ...made.buffers])
    state[name] = imported(tensors, name, variable.shape, from);
  return state;
}

function imported(tensors: Tensors, name: string, shape: readonly number[], from: string): Float32Array {
  const wanted = torchShape(shape);
  const tensor = tensors[name];
  if (!tensor)
    throw trainingError('BAD_DATA', `${from} lacks '${name}' (${wanted.join(', ')}); it was written for another model`);
  if (!(tensor.data instanceof Float32Array) || tensor.shape.join() !== wanted.join()) {
    throw trainingError(
      'BAD_DATA',
      `'${name}' of ${from} is ${tensor.data.constructor.name} (${tensor.shape.join(', ')}); the model needs float32 (${wanted.join(', ')})`,
    );
  }
  return fromTorch(tensor.data, shape);
}
