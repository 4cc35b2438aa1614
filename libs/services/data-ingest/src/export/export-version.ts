import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetManifest } from '@minvar/contracts';
import { makeFolders } from '@minvar/service-kit';
import { segment, writeImageFolder } from './image-folder';
import { writeNpz } from './npz';
import { writeParquet } from './parquet';
import { splitBlocks } from './split-blocks';
import { stageArray } from './stage-array';
import type { ArrayStore } from './stage-array';

export const exportFormats = ['npz', 'parquet', 'imagefolder'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportInput {
  readonly store: ArrayStore;
  readonly manifest: DatasetManifest;
  readonly format: ExportFormat;
  /** folder to write to; made when it is not there */
  readonly outDir: string;
  readonly onProgress?: (done: number, total: number) => void;
}

/** The arrays of all splits in one `<name>-<version>.npz`. */
async function exportNpz(
  { store, manifest, onProgress = () => {} }: ExportInput,
  path: string,
  scratch: string,
): Promise<void> {
  const total = manifest.splits.reduce((sum, s) => sum + s.examples, 0);
  const arrays = manifest.splits.flatMap((s) => [
    { name: `${s.name}-inputs`, array: s.inputs, examples: s.examples },
    { name: `${s.name}-labels`, array: s.labels, examples: 0 },
    ...(s.attributes ? [{ name: `${s.name}-attributes`, array: s.attributes, examples: 0 }] : []),
  ]);
  let written = 0;
  await writeNpz(
    path,
    arrays.map(({ name, array, examples }) => ({
      name: name.replaceAll('-', '_'),
      file: async () => {
        const staged = await stageArray(store, manifest, array, scratch);
        const done = async (): Promise<void> => {
          onProgress((written += examples), total);
          await staged.remove();
        };
        return { path: staged.path, done };
      },
    })),
  );
}

/**
 * Writes a version for other tools and answers what it wrote: `npz` one `<name>-<version>.npz` with arrays `train_inputs`,
 * `train_labels`, … for `np.load`; `parquet` one file a split; `imagefolder` `<split>/<class>/<index>.png`. Every array is
 * fetched into `outDir` and checked against the manifest's hash first, then read in blocks: however large the version is, little is in memory.
 */
export async function exportVersion(input: ExportInput): Promise<string[]> {
  const { store, manifest, format, outDir, onProgress = () => {} } = input;
  if (format === 'imagefolder' && manifest.input.kind !== 'image')
    throw new Error(`${manifest.name} holds vectors, not images: take --format npz or parquet`);
  await makeFolders(outDir);
  const stem = `${segment(manifest.name)}-${segment(manifest.version)}`;
  const total = manifest.splits.reduce((sum, s) => sum + s.examples, 0);
  const scratch = await mkdtemp(join(outDir, '.minvar-pull-'));
  try {
    if (format === 'npz') {
      const path = join(outDir, `${stem}.npz`);
      await exportNpz(input, path, scratch);
      return [path];
    }
    const folder = join(outDir, stem);
    await mkdir(folder, { recursive: true });
    const written: string[] = [];
    let before = 0;
    for (const split of manifest.splits) {
      const blocks = splitBlocks(store, manifest, split, scratch);
      const onExample = (done: number): void => onProgress(before + done, total);
      const path = join(folder, format === 'parquet' ? `${segment(split.name)}.parquet` : segment(split.name));
      if (format === 'parquet') await writeParquet(path, manifest, blocks, onExample);
      else await writeImageFolder(folder, manifest, split, blocks, onExample);
      written.push(path);
      before += split.examples;
    }
    return written;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
