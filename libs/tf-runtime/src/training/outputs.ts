import type { FileHandle } from 'node:fs/promises';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChildOutput, NpyData, PassStatistics } from '@minvar/contracts';
import { npyHeader } from '@minvar/contracts';
import type { ResidentSplit } from './data';
import { writeNpy } from './files';

/** Rows of a forward pass, by the name of the array: n × width each. */
export type PassRows = Readonly<Record<string, Float32Array>>;

export interface PassWriter {
  /** the next rows of every array */
  readonly add: (rows: PassRows) => Promise<void>;
  /** writes arrays that are there at once beside them, and tells what is there */
  readonly finish: (whole: Readonly<Record<string, WholeArray>>) => Promise<ChildOutput>;
  /** of a pass that is given up; after `finish` there is nothing to do */
  readonly close: () => Promise<void>;
}

export interface WholeArray {
  readonly data: NpyData;
  readonly shape: readonly number[];
}

/**
 * Streams one forward pass over a split into `.npy` files of `dir`, batch after batch, so that a large split never stands in memory
 * whole. `widths`: columns of each array.
 */
export async function openPass(
  dir: string,
  {
    epoch,
    split,
    statistics,
  }: { readonly epoch: number; readonly split: ResidentSplit; readonly statistics: PassStatistics },
  widths: Readonly<Record<string, number>>,
): Promise<PassWriter> {
  await mkdir(dir, { recursive: true });
  const fileName = (array: string): string => `${epoch}-${split.name}-${statistics}-${array}.npy`;
  const files: Record<string, FileHandle> = {};
  for (const [array, width] of Object.entries(widths)) {
    files[array] = await open(join(dir, fileName(array)), 'w');
    await files[array].writeFile(npyHeader('float32', [split.examples, width]));
  }
  const close = async (): Promise<void> => {
    for (const file of Object.values(files)) await file.close();
  };
  return {
    add: async (rows) => {
      for (const [array, file] of Object.entries(files)) await file.writeFile(bytesOf(rows[array]!));
    },
    close,
    finish: async (whole) => {
      await close();
      const arrays = Object.fromEntries(Object.keys(files).map((array) => [array, join(dir, fileName(array))]));
      for (const [array, { data, shape }] of Object.entries(whole))
        arrays[array] = await writeNpy(dir, fileName(array), data, shape);
      return { epoch, split: split.name, examples: split.examples, statistics, arrays };
    },
  };
}

const bytesOf = (a: Float32Array): Uint8Array => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
