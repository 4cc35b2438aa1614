import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toSavedModel, type Program, type Signature } from '@minvar/graph';
import { loadTensorFlow } from './addon';
import { classify } from './tensorflow-error';
import { fromTensor, toTensor, type Feed, type Fetched } from './wire';

/** A program loaded into TensorFlow, with variables of its own. */
export interface Session {
  /**
   * Runs a signature: feeds its inputs, carries out its updates, returns its outputs. Blocks until done.
   * @throws TensorFlowError classified by kind when the run fails; Error when the feeds do not fit.
   */
  run(signature: string, feeds?: Readonly<Record<string, Feed>>): Readonly<Record<string, Fetched>>;
  /** Frees the variables. */
  close(): void;
}

/**
 * Loads a program. All its signatures share the session's variables, which hold nothing until a signature assigns them.
 * Loads TensorFlow on the first call and blocks: for processes that only train.
 *
 * @example
 * const session = openSession({ program });
 * session.run('restore', weights);
 * const { loss } = session.run('train', { indices, lr: 0.1 });
 */
export function openSession({ program }: { readonly program: Program }): Session {
  const tf = loadTensorFlow();
  const directory = mkdtempSync(join(tmpdir(), 'minvar-graph-'));
  let id: number;
  try {
    writeFileSync(join(directory, 'saved_model.pb'), toSavedModel(program));
    id = tf.backend.loadSavedModelMetaGraph(directory, 'serve');
  } catch (error) {
    throw classify('loading the graph', error);
  } finally {
    // TensorFlow has read it whole.
    rmSync(directory, { recursive: true, force: true });
  }
  let open = true;
  return Object.freeze({
    run: (name: string, feeds: Readonly<Record<string, Feed>> = {}) => {
      if (!open) throw new Error(`the session is closed; ${name} cannot run`);
      const signature = program.signatures[name];
      if (signature === undefined) {
        throw new Error(`the program has no signature ${name}; it has ${Object.keys(program.signatures).join(', ')}`);
      }
      checkNames(name, signature, feeds);
      const inputs = Object.entries(signature.inputs);
      const outputs = Object.entries(signature.outputs);
      const tensors = inputs.map(([key, port]) => toTensor(tf, `${name}.${key}`, port, feeds[key]!));
      try {
        const results = tf.backend.runSavedModel(
          id,
          tensors,
          inputs.map(([, port]) => ({ name: port.tensor })),
          outputs.map(([, port]) => port.tensor),
        );
        tensors.push(...results);
        return Object.fromEntries(outputs.map(([key, port], i) => [key, fromTensor(port, results[i]!)]));
      } catch (error) {
        throw classify(`running ${name}`, error);
      } finally {
        for (const t of tensors) t.dispose();
      }
    },
    close: () => {
      if (open) tf.backend.deleteSavedModel(id);
      open = false;
    },
  });
}

function checkNames(name: string, { inputs }: Signature, feeds: Readonly<Record<string, Feed>>): void {
  const missing = Object.keys(inputs).filter((key) => feeds[key] === undefined);
  const unknown = Object.keys(feeds).filter((key) => !(key in inputs));
  if (missing.length === 0 && unknown.length === 0) return;
  const parts = [
    ...(missing.length > 0 ? [`is not fed ${missing.join(', ')}`] : []),
    ...(unknown.length > 0 ? [`has no input ${unknown.join(', ')}`] : []),
  ];
  throw new Error(
    `the signature ${name} ${parts.join(' and ')}; its inputs are ${Object.keys(inputs).join(', ') || 'none'}`,
  );
}
