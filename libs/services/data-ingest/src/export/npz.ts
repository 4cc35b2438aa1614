import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { ZipArchive } from 'archiver';

/** Entries of all archives carry this date, so that the same version gives the same bytes. */
const date = new Date(Date.UTC(2000, 0, 1));

export interface NpzEntry {
  readonly name: string;
  /** answers the path of a `.npy` file, which is not needed any more when `done` is called */
  readonly file: () => Promise<{ readonly path: string; readonly done: () => Promise<void> }>;
}

/** An uncompressed zip of `.npy` files, as `np.load` opens it; entries are fetched one after the other and read as streams. */
export async function writeNpz(path: string, entries: readonly NpzEntry[]): Promise<void> {
  const archive = new ZipArchive({ store: true });
  const written = pipeline(archive, createWriteStream(path));
  const add = async (): Promise<void> => {
    for (const entry of entries) {
      const { path: from, done } = await entry.file();
      const taken = new Promise<void>((resolve) => archive.once('entry', () => resolve()));
      archive.append(createReadStream(from, { highWaterMark: 1 << 20 }), { name: `${entry.name}.npy`, date });
      await Promise.race([taken, written]);
      await done();
    }
    await archive.finalize();
  };
  await Promise.all([written, add().catch((e: Error) => archive.destroy(e))]);
}
