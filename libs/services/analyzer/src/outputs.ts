import { decodeNpy, decodeMetricChunk, sha256Hex } from '@minvar/contracts';
import type { ChunkRef, MetricPoint, NpyArray, RunResult } from '@minvar/contracts';
import { HashMismatchError } from '@minvar/service-kit';
import type { ObjectStore } from '@minvar/service-kit';

export type StoredOutput = RunResult['outputs'][number];

/** One stored forward pass over a split, in memory. */
export interface Output {
  readonly epoch: number;
  readonly split: string;
  readonly examples: number;
  readonly classes: number;
  /** n×K */
  readonly logits: Float32Array;
  /** n×D, penultimate; null when they were not stored */
  readonly activations: Float32Array | null;
  readonly width: number;
  readonly labels: Int32Array;
  /** −1 = none; null when the dataset has no attribute */
  readonly attributes: Int32Array | null;
}

/** The bytes of an object that must have this hash. */
export async function readExact(
  store: Pick<ObjectStore, 'get'>,
  ref: { readonly key: string; readonly sha256: string },
): Promise<Uint8Array> {
  const { body } = await store.get(ref.key);
  const found = sha256Hex(body);
  if (found !== ref.sha256) throw new HashMismatchError(ref.key, ref.sha256, found);
  return body;
}

/** Reads the arrays of a stored forward pass; throws when one is missing, damaged, or does not fit the others. */
export async function readOutput(store: Pick<ObjectStore, 'get'>, stored: StoredOutput): Promise<Output> {
  const { epoch, split, examples } = stored;
  const where = `output of epoch ${epoch} on ${split}`;
  async function array(name: string, dtype: NpyArray['dtype'], dimensions: number): Promise<NpyArray | null> {
    const ref = stored.arrays[name];
    if (!ref) return null;
    const a = decodeNpy(await readExact(store, ref), ref.key);
    if (a.dtype !== dtype || a.shape.length !== dimensions || a.shape[0] !== examples) {
      throw new Error(
        `${where}: ${name} is ${a.dtype} of shape (${a.shape.join(', ')}), expected ${dtype} with ${dimensions} dimensions and ${examples} rows`,
      );
    }
    return a;
  }
  const [logits, labels] = [await array('logits', 'float32', 2), await array('labels', 'int32', 1)];
  if (!logits || !labels)
    throw new Error(
      `${where}: it needs logits and labels, but has ${Object.keys(stored.arrays).join(', ') || 'nothing'}`,
    );
  const activations = await array('activations', 'float32', 2);
  const attributes = await array('attributes', 'int32', 1);
  const classes = logits.shape[1]!;
  const bad = (labels.data as Int32Array).findIndex((y) => y < 0 || y >= classes);
  if (bad >= 0)
    throw new Error(
      `${where}: label ${(labels.data as Int32Array)[bad]} of example ${bad} is none of ${classes} classes`,
    );
  return {
    epoch,
    split,
    examples,
    classes,
    logits: logits.data as Float32Array,
    activations: activations && (activations.data as Float32Array),
    width: activations?.shape[1] ?? 0,
    labels: labels.data as Int32Array,
    attributes: attributes && (attributes.data as Int32Array),
  };
}

/** The whole series of a run, chunk after chunk. */
export async function readSeries(store: Pick<ObjectStore, 'get'>, chunks: readonly ChunkRef[]): Promise<MetricPoint[]> {
  const points: MetricPoint[] = [];
  for (const chunk of chunks) points.push(...decodeMetricChunk(await readExact(store, chunk), chunk.key));
  return points;
}
