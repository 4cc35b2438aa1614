import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetManifest, SplitManifest } from '@minvar/contracts';
import type { SplitArrays } from './parquet';
import { encodePngs } from './png';

/** A class or split as one path segment: whatever it is called, it stays below the folder that was asked for. */
export const segment = (name: string): string => name.replace(/[^\w+-]+/g, '_') || '_';

/** `<split>/<class>/<index>.png`, as torchvision's ImageFolder reads it; attributes stand in `<split>.csv` beside it. */
export async function writeImageFolder(
  dir: string,
  manifest: DatasetManifest,
  split: SplitManifest,
  arrays: SplitArrays,
  onExample: (done: number) => void,
): Promise<void> {
  if (!(arrays.inputs instanceof Uint8Array))
    throw new Error(`${manifest.name} holds vectors, not images: take --format npz or parquet`);
  const digits = String(split.examples - 1).length;
  const folders = manifest.classes.map((c) => join(segment(split.name), segment(c)));
  if (new Set(folders).size !== folders.length)
    throw new Error(`${manifest.name}: two classes would share a folder: ${folders.join(', ')}`);
  for (const folder of folders) await mkdir(join(dir, folder), { recursive: true });
  const rows = ['file,label,attribute'];
  let i = 0;
  for await (const png of encodePngs(arrays.inputs, manifest.input.shape, 0, split.examples)) {
    const label = arrays.labels[i]!;
    const file = join(folders[label]!, `${String(i).padStart(digits, '0')}.png`);
    await writeFile(join(dir, file), png);
    rows.push(`${file},${label},${arrays.attributes?.[i] ?? -1}`);
    if (++i % 256 === 0) onExample(i);
  }
  if (arrays.attributes) await writeFile(join(dir, `${segment(split.name)}.csv`), `${rows.join('\n')}\n`);
  onExample(split.examples);
}
