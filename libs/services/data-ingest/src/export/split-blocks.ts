import type { ArrayFile, DatasetManifest, SplitManifest } from '@minvar/contracts';
import { stageArray } from './stage-array';
import type { ArrayStore, Rows } from './stage-array';

/** Some consecutive examples of a split. */
export interface SplitBlock {
  readonly inputs: Uint8Array | Float32Array;
  readonly labels: Int32Array;
  readonly attributes: Int32Array | null;
}

const rowsAtOnce = 1024;

/** A split in blocks, its arrays checked first; `dir` holds them meanwhile. */
export async function* splitBlocks(
  store: ArrayStore,
  manifest: DatasetManifest,
  split: SplitManifest,
  dir: string,
): AsyncGenerator<SplitBlock> {
  const stage = (file: ArrayFile): ReturnType<typeof stageArray> => stageArray(store, manifest, file, dir);
  const inputs = await stage(split.inputs);
  const labels = await stage(split.labels);
  const attributes = split.attributes && (await stage(split.attributes));
  const [ofLabels, ofAttributes] = [labels.rows(rowsAtOnce), attributes?.rows(rowsAtOnce) ?? null];
  const next = async (rows: AsyncGenerator<Rows>): Promise<Int32Array> => (await rows.next()).value as Int32Array;
  try {
    for await (const block of inputs.rows(rowsAtOnce))
      yield {
        inputs: block as SplitBlock['inputs'],
        labels: await next(ofLabels),
        attributes: ofAttributes && (await next(ofAttributes)),
      };
  } finally {
    await ofLabels.return(undefined);
    await ofAttributes?.return(undefined);
    for (const array of [inputs, labels, attributes]) await array?.remove();
  }
}
