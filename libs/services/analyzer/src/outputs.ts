import { createHash } from 'node:crypto';
import {
  decodeMetricChunk,
  decodeNpy,
  maxNpyHeader,
  npyLayout,
  npyValues,
  sha256Hex,
  stagePrefix,
} from '@minvar/contracts';
import type {
  ChunkRef,
  MetricPoint,
  NpyArray,
  NpyData,
  NpyLayout,
  PassStatistics,
  StoredOutput,
} from '@minvar/contracts';
import { HashMismatchError } from '@minvar/service-kit';
import type { ObjectStore } from '@minvar/service-kit';

/** Normalisation statistics of a stored pass. Results from before there were two kinds are as trained. */
export const statisticsOf = (stored: StoredOutput): PassStatistics => stored.statistics ?? 'as-trained';

/** Some consecutive examples of a pass. */
export interface Rows {
  readonly examples: number;
  /** n×K */
  readonly logits: Float32Array;
  /** n×D, penultimate; null when they were not stored */
  readonly activations: Float32Array | null;
  /** n×C by stage, in the order in which they were stored: that of the network; empty when none was */
  readonly stages: Readonly<Record<string, Float32Array>>;
  readonly labels: Int32Array;
  /** −1 = none; null when the dataset has no attribute */
  readonly attributes: Int32Array | null;
}

/** One stored forward pass over a split. */
export interface Output {
  readonly epoch: number;
  readonly split: string;
  readonly examples: number;
  readonly classes: number;
  /** D; 0 without activations */
  readonly width: number;
  /**
   * Its examples in order, so many at a time: a pass may be larger than memory. Throws, at its end at the latest, when an array is damaged;
   * whatever was made of its rows then counts for nothing.
   */
  readonly rows: (atATime: number) => AsyncGenerator<Rows>;
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

type Store = Pick<ObjectStore, 'get' | 'getStream'>;
type Ref = StoredOutput['arrays'][string];

/** Values of an array as they come, row by row in blocks of `rows`; at the end its hash is checked. */
async function* blocksOf(
  store: Store,
  ref: Ref,
  { dtype, dataStart, valueBytes, shape }: NpyLayout,
  rows: number,
): AsyncGenerator<NpyData> {
  const { body } = await store.getStream(ref.key);
  const hash = createHash('sha256');
  const rowBytes = valueBytes * shape.slice(1).reduce((a, b) => a * b, 1);
  let toSkip = dataStart;
  let left = shape[0]! * rowBytes;
  let block = Buffer.alloc(0);
  let filled = 0;
  const next = (): void => {
    block = Buffer.allocUnsafeSlow(Math.min(left, rows * rowBytes));
    filled = 0;
  };
  next();
  for await (const chunk of body as AsyncIterable<Buffer>) {
    hash.update(chunk);
    let at = Math.min(toSkip, chunk.length);
    toSkip -= at;
    while (at < chunk.length && block.length > 0) {
      const taken = chunk.copy(block, filled, at);
      at += taken;
      filled += taken;
      if (filled < block.length) continue;
      left -= block.length;
      yield npyValues(dtype, block);
      next();
    }
  }
  const found = hash.digest('hex');
  if (found !== ref.sha256 || left > 0) throw new HashMismatchError(ref.key, ref.sha256, found);
}

async function layoutOf(store: Store, ref: Ref): Promise<NpyLayout> {
  const start = await store.get(ref.key, { range: { start: 0, end: maxNpyHeader + 11 } });
  try {
    return npyLayout(start.body, start.size, ref.key);
  } catch (e) {
    await readExact(store, ref); // damage is the better reason
    throw e;
  }
}

/**
 * Opens the arrays of a stored forward pass; throws when one is missing or does not fit the others.
 *
 * @param outputs all passes of the result
 */
export async function openOutput(
  store: Store,
  stored: StoredOutput,
  outputs: readonly StoredOutput[] = [],
): Promise<Output> {
  const { epoch, split, examples } = stored;
  const refs = arraysOf(stored, outputs);
  const re = statisticsOf(stored) === 're-estimated' ? ' under re-estimated statistics' : '';
  const where = `output of epoch ${epoch} on ${split}${re}`;
  const known = Object.keys(refs).filter((n) => n in arraysByName || n.startsWith(stagePrefix));
  if (!known.includes('logits') || !known.includes('labels'))
    throw new Error(`${where}: it needs logits and labels, but has ${Object.keys(refs).join(', ') || 'nothing'}`);
  const layouts = new Map<string, NpyLayout>();
  for (const name of known) {
    const ref = refs[name]!;
    const { dtype, dimensions } = arraysByName[name] ?? matrix;
    const layout = await layoutOf(store, ref);
    if (layout.dtype !== dtype || layout.shape.length !== dimensions || layout.shape[0] !== examples)
      throw new Error(
        `${where}: ${name} is ${layout.dtype} of shape (${layout.shape.join(', ')}), expected ${dtype} with ${dimensions} dimensions and ${examples} rows`,
      );
    layouts.set(name, layout);
  }
  const classes = layouts.get('logits')!.shape[1]!;

  async function* rows(atATime: number): AsyncGenerator<Rows> {
    const arrays = [...layouts].map(([name, layout]) => ({
      name,
      blocks: blocksOf(store, refs[name]!, layout, atATime),
    }));
    try {
      // One round more than there are blocks: in it every array comes to its end, and is checked.
      for (let from = 0; ; from += atATime) {
        const found: Record<string, NpyData> = {};
        for (const { name, blocks } of arrays) {
          const block = await blocks.next();
          if (!block.done) found[name] = block.value;
        }
        if (from >= examples) return;
        const labels = found['labels'] as Int32Array;
        const bad = labels.findIndex((y) => y < 0 || y >= classes);
        if (bad >= 0)
          throw new Error(`${where}: label ${labels[bad]} of example ${from + bad} is none of ${classes} classes`);
        const stages = known.filter((n) => n.startsWith(stagePrefix));
        yield {
          examples: labels.length,
          logits: found['logits'] as Float32Array,
          activations: (found['activations'] as Float32Array | undefined) ?? null,
          stages: Object.fromEntries(stages.map((n) => [n.slice(stagePrefix.length), found[n] as Float32Array])),
          labels,
          attributes: (found['attributes'] as Int32Array | undefined) ?? null,
        };
      }
    } finally {
      for (const { blocks } of arrays) await blocks.return(undefined);
    }
  }
  return { epoch, split, examples, classes, width: layouts.get('activations')?.shape[1] ?? 0, rows };
}

const matrix = { dtype: 'float32', dimensions: 2 } as const;
const vector = { dtype: 'int32', dimensions: 1 } as const;
const arraysByName: Readonly<Record<string, typeof matrix | typeof vector>> = {
  logits: matrix,
  activations: matrix,
  labels: vector,
  attributes: vector,
};

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
