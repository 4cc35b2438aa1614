import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeNpy } from '@minvar/contracts';
import type { ArrayFile, DatasetManifest, SplitManifest } from '@minvar/contracts';
import { HashMismatchError } from '@minvar/service-kit';
import type { ObjectStore } from '@minvar/service-kit';
import { sha256Hex } from '@minvar/contracts';
import { versionPrefix } from '../store-version';
import { segment, writeImageFolder } from './image-folder';
import { writeNpz } from './npz';
import { writeParquet } from './parquet';
import type { SplitArrays } from './parquet';

export const exportFormats = ['npz', 'parquet', 'imagefolder'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportInput {
  readonly store: Pick<ObjectStore, 'get'>;
  readonly manifest: DatasetManifest;
  readonly format: ExportFormat;
  /** folder to write to; made when it is not there */
  readonly outDir: string;
  readonly onProgress?: (done: number, total: number) => void;
}

async function readArray(
  store: Pick<ObjectStore, 'get'>,
  manifest: DatasetManifest,
  file: ArrayFile,
): Promise<Uint8Array> {
  const key = `${versionPrefix(manifest)}${file.path}`;
  const { body } = await store.get(key);
  const found = sha256Hex(body);
  if (found !== file.sha256) throw new HashMismatchError(key, file.sha256, found);
  return body;
}

async function readSplit(
  store: Pick<ObjectStore, 'get'>,
  manifest: DatasetManifest,
  split: SplitManifest,
): Promise<SplitArrays> {
  const data = async (file: ArrayFile): Promise<unknown> =>
    decodeNpy(await readArray(store, manifest, file), file.path).data;
  return {
    inputs: (await data(split.inputs)) as SplitArrays['inputs'],
    labels: (await data(split.labels)) as Int32Array,
    attributes: split.attributes && ((await data(split.attributes)) as Int32Array),
  };
}

/**
 * Writes a version for other tools and answers what it wrote: `npz` one `<name>-<version>.npz` with arrays `train_inputs`,
 * `train_labels`, … for `np.load`; `parquet` one file a split; `imagefolder` `<split>/<class>/<index>.png`. Every array is
 * checked against the manifest's hash first.
 */
export async function exportVersion({
  store,
  manifest,
  format,
  outDir,
  onProgress = () => {},
}: ExportInput): Promise<string[]> {
  await mkdir(outDir, { recursive: true });
  const stem = `${segment(manifest.name)}-${segment(manifest.version)}`;
  const total = manifest.splits.reduce((sum, s) => sum + s.examples, 0);
  if (format === 'npz') {
    const arrays = manifest.splits.flatMap((s) => [
      { name: `${s.name}-inputs`, file: s.inputs, examples: s.examples },
      { name: `${s.name}-labels`, file: s.labels, examples: 0 },
      ...(s.attributes ? [{ name: `${s.name}-attributes`, file: s.attributes, examples: 0 }] : []),
    ]);
    const path = join(outDir, `${stem}.npz`);
    let done = 0;
    await writeNpz(
      path,
      arrays.map(({ name, file, examples }) => ({
        name: name.replaceAll('-', '_'),
        bytes: async () => {
          const bytes = await readArray(store, manifest, file);
          onProgress((done += examples), total);
          return bytes;
        },
      })),
    );
    return [path];
  }
  const folder = join(outDir, stem);
  if (format === 'imagefolder' && manifest.input.kind !== 'image')
    throw new Error(`${manifest.name} holds vectors, not images: take --format npz or parquet`);
  await mkdir(folder, { recursive: true });
  const written: string[] = [];
  let before = 0;
  for (const split of manifest.splits) {
    const arrays = await readSplit(store, manifest, split);
    const onExample = (done: number): void => onProgress(before + done, total);
    if (format === 'parquet') {
      const path = join(folder, `${segment(split.name)}.parquet`);
      await writeParquet(path, manifest, split, arrays, onExample);
      written.push(path);
    } else {
      await writeImageFolder(folder, manifest, split, arrays, onExample);
      written.push(join(folder, segment(split.name)));
    }
    before += split.examples;
  }
  return written;
}
