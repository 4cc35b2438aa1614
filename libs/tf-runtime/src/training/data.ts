import { createReadStream, createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ArrayFile, DatasetManifest, RunSpec, SplitManifest } from '@minvar/contracts';
import { decodeNpy } from '@minvar/contracts';
import { trainingError } from './failure';

/** A split as the run uses it: rows `start` … `start + examples − 1` of the resident data. */
export interface ResidentSplit {
  readonly name: string;
  readonly start: number;
  readonly examples: number;
  readonly labels: Int32Array;
  /** −1 = none */
  readonly attributes: Int32Array | null;
  readonly inputs: { readonly path: string; readonly file: ArrayFile };
}

/** All splits of a dataset version, one after the other, the training split first. */
export interface ResidentPlan {
  readonly splits: readonly ResidentSplit[];
  readonly examples: number;
  readonly dtype: 'uint8' | 'float32';
  /** shape of one input */
  readonly shape: readonly number[];
  readonly labels: Int32Array;
}

/**
 * Reads labels and attributes and says where each split's inputs will lie. With `data.limit` the training split is its first `limit` examples,
 * which are a random subset because a version's order is random and fixed.
 */
export async function planData(
  spec: Pick<RunSpec, 'data'>,
  manifest: DatasetManifest,
  dataDir: string,
): Promise<ResidentPlan> {
  const { limit } = spec.data;
  const train = manifest.splits.find((s) => s.name === 'train');
  if (!train)
    throw trainingError(
      'BAD_DATA',
      `dataset '${manifest.name}' ${manifest.version} has no split 'train'; it has ${manifest.splits.map((s) => s.name).join(', ')}`,
    );
  if (limit !== null && limit > train.examples) {
    throw trainingError(
      'BAD_SPEC',
      `data.limit is ${limit}, but '${manifest.name}' ${manifest.version} has ${train.examples} training examples; lower it or leave it out`,
    );
  }
  const splits: ResidentSplit[] = [];
  let start = 0;
  for (const split of [train, ...manifest.splits.filter((s) => s !== train)]) {
    const examples = split === train ? (limit ?? train.examples) : split.examples;
    checkInputs(manifest, split);
    splits.push({
      name: split.name,
      start,
      examples,
      labels: (await readIntegers(dataDir, split.labels, split.examples)).subarray(0, examples),
      attributes:
        split.attributes && (await readIntegers(dataDir, split.attributes, split.examples)).subarray(0, examples),
      inputs: { path: join(dataDir, split.inputs.path), file: split.inputs },
    });
    start += examples;
  }
  const labels = new Int32Array(start);
  for (const split of splits) {
    const wrong = split.labels.findIndex((y) => y < 0 || y >= manifest.classes.length);
    if (wrong >= 0)
      throw trainingError(
        'BAD_DATA',
        `label ${wrong} of split '${split.name}' is ${split.labels[wrong]}, but there are ${manifest.classes.length} classes`,
      );
    labels.set(split.labels, split.start);
  }
  return {
    splits,
    examples: start,
    dtype: train.inputs.dtype as 'uint8' | 'float32',
    shape: manifest.input.shape,
    labels,
  };
}

/**
 * Writes the inputs of all splits into one file of that folder, one row after the other, only those that are used, and answers its path. Read
 * at once they become the session's variable without a copy; read split by split and put together there, the parts would stay behind in
 * the process, freed but not given back, and of a limited split all rows would be read.
 */
export async function joinInputs({ splits, dtype, shape }: ResidentPlan, scratchDir: string): Promise<string> {
  const path = join(scratchDir, 'resident.bin');
  const row = shape.reduce((a, b) => a * b, dtype === 'uint8' ? 1 : 4);
  for (const [i, { inputs, examples }] of splits.entries()) {
    const start = inputs.file.sizeBytes - inputs.file.shape[0]! * row;
    await pipeline(
      createReadStream(inputs.path, { start, end: start + examples * row - 1, highWaterMark: 1 << 20 }),
      createWriteStream(path, { flags: i === 0 ? 'w' : 'a' }),
    );
  }
  return path;
}

function checkInputs(manifest: DatasetManifest, split: SplitManifest): void {
  const { dtype, shape, path } = split.inputs;
  const wanted = manifest.input.kind === 'image' ? 'uint8' : 'float32';
  const full = [split.examples, ...manifest.input.shape];
  if (dtype !== wanted || shape.join() !== full.join()) {
    throw trainingError(
      'BAD_DATA',
      `${path} is ${dtype} (${shape.join(', ')}); a ${manifest.input.kind} split of ${split.examples} examples needs ${wanted} (${full.join(', ')})`,
    );
  }
}

async function readIntegers(dataDir: string, file: ArrayFile, examples: number): Promise<Int32Array> {
  const path = join(dataDir, file.path);
  const { dtype, shape, data } = decodeNpy(await readFile(path), path);
  if (dtype !== 'int32' || shape.length !== 1 || shape[0] !== examples) {
    throw trainingError('BAD_DATA', `${path} is ${dtype} (${shape.join(', ')}); ${examples} int32 values are needed`);
  }
  return data as Int32Array;
}
