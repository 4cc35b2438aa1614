import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { tensorFlowError } from './tensorflow-error';

const require = createRequire(import.meta.url);

type Wire = 'float32' | 'int32' | 'string';

/** What is used of a tensor of TensorFlow.js. */
export interface JsTensor {
  readonly shape: readonly number[];
  dataSync(): Float32Array | Int32Array | readonly string[];
  dispose(): void;
}

/** What is used of the addon's backend: loading a graph into a session and running a signature of it. */
export interface Backend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: { readonly TF_Version: string };
  loadSavedModelMetaGraph(directory: string, tags: string): number;
  runSavedModel(
    session: number,
    inputs: readonly JsTensor[],
    inputInfos: readonly { readonly name: string }[],
    outputs: readonly string[],
  ): readonly JsTensor[];
  deleteSavedModel(session: number): void;
}

export interface TensorFlow {
  readonly backend: Backend;
  readonly tensor: (
    data: Float32Array | Int32Array | readonly string[],
    shape: readonly number[],
    dtype: Wire,
  ) => JsTensor;
  /** Tensors that TensorFlow.js holds now: a run leaves none behind. */
  readonly tensorCount: () => number;
  /** What was set up: library version and build, as the set-up recorded them. */
  readonly version: string;
  readonly build: string;
}

let loaded: TensorFlow | null = null;

/**
 * Loads TensorFlow, once a process: it reads its environment now (see `tensorflowEnvironment`) and never again.
 * @throws TensorFlowError (INFRASTRUCTURE) saying what to do when it is not set up.
 */
export function loadTensorFlow(): TensorFlow {
  if (loaded) return loaded;
  const manifest = require.resolve('@tensorflow/tfjs-node-gpu/package.json');
  const folder = join(dirname(manifest), 'lib', 'napi-v8');
  if (!existsSync(join(folder, 'tfjs_binding.node'))) {
    throw tensorFlowError('INFRASTRUCTURE', 'TensorFlow is not set up; run: node tools/tensorflow/setup.mjs');
  }
  // The package calls a function that Node 23 dropped.
  const util = require('node:util') as { isNullOrUndefined?: (x: unknown) => boolean };
  util.isNullOrUndefined ??= (x) => x === null || x === undefined;
  const tf = requireTensorFlow();
  const backend = tf.backend() as unknown as Backend;
  loaded = Object.freeze({
    backend,
    tensor: tf.tensor,
    tensorCount: () => tf.memory().numTensors,
    version: backend.binding.TF_Version,
    build: buildOf(join(folder, 'minvar.json')),
  });
  return loaded;
}

function requireTensorFlow() {
  try {
    return require('@tensorflow/tfjs-node-gpu') as {
      backend: () => unknown;
      tensor: TensorFlow['tensor'];
      memory: () => { numTensors: number };
    };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw tensorFlowError(
      'INFRASTRUCTURE',
      `TensorFlow could not be loaded: ${reason}; run node tools/tensorflow/setup.mjs again`,
      cause,
    );
  }
}

/** Library folder and addon folder: versions of library, binding and compiler. */
function buildOf(stamp: string): string {
  if (!existsSync(stamp)) return 'unknown';
  const { dir, addon } = JSON.parse(readFileSync(stamp, 'utf8')) as { dir: string; addon: string };
  return `${lastPart(dir)}/${lastPart(dirname(addon))}`;
}

const lastPart = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
