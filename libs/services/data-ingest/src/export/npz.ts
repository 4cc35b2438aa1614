import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { ZipArchive } from 'archiver';

/** Entries of all archives carry this date, so that the same version gives the same bytes. */
const date = new Date(Date.UTC(2000, 0, 1));

/** An uncompressed zip of `.npy` files, as `np.load` opens it; entries are fetched one after the other. */
export async function writeNpz(
  path: string,
  entries: readonly { readonly name: string; readonly bytes: () => Promise<Uint8Array> }[],
): Promise<void> {
  const archive = new ZipArchive({ store: true });
  const written = pipeline(archive, createWriteStream(path));
  const add = async (): Promise<void> => {
    for (const entry of entries) {
      const data = Buffer.from(await entry.bytes());
      const taken = new Promise<void>((resolve) => archive.once('entry', () => resolve()));
      archive.append(data, { name: `${entry.name}.npy`, date });
      await Promise.race([taken, written]);
    }
    await archive.finalize();
  };
  await Promise.all([written, add().catch((e: Error) => archive.destroy(e))]);
}
