import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetManifest, SplitManifest } from '@minvar/contracts';
import { encodePngs } from './png';
import type { SplitBlock } from './split-blocks';

/** A class or split as one path segment: whatever it is called, it stays below the folder that was asked for. */
export const segment = (name: string): string => name.replace(/[^\w+-]+/g, '_') || '_';

/** `<split>/<class>/<index>.png`, as torchvision's ImageFolder reads it; attributes stand in `<split>.csv` beside it. */
export async function writeImageFolder(
  dir: string,
  manifest: DatasetManifest,
  split: SplitManifest,
  blocks: AsyncIterable<SplitBlock>,
  onExample: (done: number) => void,
): Promise<void> {
  const digits = String(split.examples - 1).length;
  const folders = manifest.classes.map((c) => join(segment(split.name), segment(c)));
  if (new Set(folders).size !== folders.length)
    throw new Error(`${manifest.name}: two classes would share a folder: ${folders.join(', ')}`);
  for (const folder of folders) await mkdir(join(dir, folder), { recursive: true });
  const rows = ['file,label,attribute'];
  let i = 0;
  for await (const { inputs, labels, attributes } of blocks) {
    if (!(inputs instanceof Uint8Array))
      throw new Error(`${manifest.name} holds vectors, not images: take --format npz or parquet`);
    const first = i;
    for await (const png of encodePngs(inputs, manifest.input.shape, 0, labels.length)) {
      const label = labels[i - first]!;
      const file = join(folders[label]!, `${String(i).padStart(digits, '0')}.png`);
      await writeFile(join(dir, file), png);
      if (attributes) rows.push(`${file},${label},${attributes[i - first]}`);
      onExample(++i);
    }
  }
  if (split.attributes) await writeFile(join(dir, `${segment(split.name)}.csv`), `${rows.join('\n')}\n`);
}
