import { decodeNpy, decodeMetricChunk, sha256Hex, stagePrefix } from '@minvar/contracts';
import type { ChunkRef, MetricPoint, NpyArray, PassStatistics, StoredOutput } from '@minvar/contracts';
import { HashMismatchError } from '@minvar/service-kit';
import type { ObjectStore } from '@minvar/service-kit';

/** Normalisation statistics of a stored pass. Results from before there were two kinds are as trained. */
export const statisticsOf = (stored: StoredOutput): PassStatistics => stored.statistics ?? 'as-trained';

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
  /** n×C by stage, in the order in which they were stored: that of the network; empty when none was */
  readonly stages: Readonly<Record<string, Float32Array>>;
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

/** The arrays of a pass; one under re-estimated statistics leaves labels and attributes to the as-trained pass of its epoch and split. */
function arraysOf(stored: StoredOutput, outputs: readonly StoredOutput[]): StoredOutput['arrays'] {
  if (statisticsOf(stored) === 'as-trained') return stored.arrays;
  const twin = outputs.find(
    (o) => statisticsOf(o) === 'as-trained' && o.epoch === stored.epoch && o.split === stored.split,
  );
  const shared = Object.entries(twin?.arrays ?? {}).filter(([name]) => name === 'labels' || name === 'attributes');
  return { ...Object.fromEntries(shared), ...stored.arrays };
}

/**
 * Reads the arrays of a stored forward pass; throws when one is missing, damaged, or does not fit the others.
 *
 * @param outputs all passes of the result
 */
export async function readOutput(
  store: Pick<ObjectStore, 'get'>,
  stored: StoredOutput,
  outputs: readonly StoredOutput[] = [],
): Promise<Output> {
  const { epoch, split, examples } = stored;
  const arrays = arraysOf(stored, outputs);
  const re = statisticsOf(stored) === 're-estimated' ? ' under re-estimated statistics' : '';
  const where = `output of epoch ${epoch} on ${split}${re}`;
  async function array(name: string, dtype: NpyArray['dtype'], dimensions: number): Promise<NpyArray | null> {
    const ref = arrays[name];
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
    throw new Error(`${where}: it needs logits and labels, but has ${Object.keys(arrays).join(', ') || 'nothing'}`);
  const activations = await array('activations', 'float32', 2);
  const attributes = await array('attributes', 'int32', 1);
  const stages: Record<string, Float32Array> = {};
  for (const name of Object.keys(arrays).filter((n) => n.startsWith(stagePrefix)))
    stages[name.slice(stagePrefix.length)] = (await array(name, 'float32', 2))!.data as Float32Array;
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
    stages,
    labels: labels.data as Int32Array,
    attributes: attributes && (attributes.data as Int32Array),
  };
}

/** The last layer's weights of an epoch, K × D, from whichever of its passes they were stored with; null when with none. */
export async function readLastLayer(
  store: Pick<ObjectStore, 'get'>,
  outputs: readonly StoredOutput[],
  epoch: number,
): Promise<NpyArray | null> {
  const ref = outputs.find((o) => o.epoch === epoch && o.arrays['last-layer'])?.arrays['last-layer'];
  if (!ref) return null;
  const found = decodeNpy(await readExact(store, ref), ref.key);
  if (found.dtype !== 'float32' || found.shape.length !== 2)
    throw new Error(
      `last layer of epoch ${epoch}: ${found.dtype} of shape (${found.shape.join(', ')}), expected float32 of classes × width`,
    );
  return found;
}

/** The whole series of a run, chunk after chunk. */
export async function readSeries(store: Pick<ObjectStore, 'get'>, chunks: readonly ChunkRef[]): Promise<MetricPoint[]> {
  const points: MetricPoint[] = [];
  for (const chunk of chunks) points.push(...decodeMetricChunk(await readExact(store, chunk), chunk.key));
  return points;
}
