import { mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createGunzip, gzip } from 'node:zlib';
import { sha256Hex } from '@minvar/contracts';
import { z } from 'zod';

const header = z.object({
  v: z.literal(1),
  schema: z.string(),
  engine: z.string(),
  generation: z.string(),
  /** of the compressed dump */
  sha256: z.string(),
  file: z.string(),
});

export interface Snapshot {
  readonly generation: string;
  readonly dump: Uint8Array;
}

/** What a gzip file below 4 GiB holds, once in memory: its last four bytes say how much that is (RFC 1952). */
async function unzip(bytes: Buffer): Promise<Uint8Array> {
  const out = new Uint8Array(bytes.readUInt32LE(bytes.length - 4));
  let at = 0;
  const stream = createGunzip({ chunkSize: 1 << 20 });
  stream.end(bytes);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

/**
 * Snapshots of the database in a folder: `read-model-<sha256>.tar.gz` and, renamed into place last, `read-model.json` that
 * names it. A cache: whatever is missing, damaged or of another shape counts as no snapshot.
 */
export function createSnapshots(dir: string, shape: { readonly schema: string; readonly engine: string }) {
  const headerFile = join(dir, 'read-model.json');

  async function write(path: string, bytes: Uint8Array): Promise<void> {
    const part = `${path}.part`;
    try {
      const file = await open(part, 'w');
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(part, path);
    } catch (e) {
      // A full disk is not to stay full because of what did not fit.
      await rm(part, { force: true });
      throw e;
    }
  }

  return {
    /** The last snapshot, verified; or why there is none to use. */
    async load(): Promise<{ snapshot: Snapshot } | { because: string }> {
      try {
        const h = header.parse(JSON.parse(await readFile(headerFile, 'utf8')));
        if (h.schema !== shape.schema || h.engine !== shape.engine)
          return { because: `it was made by ${h.schema} on ${h.engine}` };
        const bytes = await readFile(join(dir, `read-model-${h.sha256.slice(0, 16)}.tar.gz`));
        if (sha256Hex(bytes) !== h.sha256) return { because: 'its hash differs: it is damaged' };
        return { snapshot: { generation: h.generation, dump: await unzip(bytes) } };
      } catch (e) {
        if ((e as NodeJS.ErrnoException).code === 'ENOENT') return { because: 'there is none' };
        return { because: `it cannot be read (${(e as Error).message.slice(0, 200)})` };
      }
    },
    async save({ generation, dump }: Snapshot): Promise<void> {
      await mkdir(dir, { recursive: true });
      const bytes = await promisify(gzip)(dump, { level: 1 });
      const sha256 = sha256Hex(bytes);
      const file = `read-model-${sha256.slice(0, 16)}.tar.gz`;
      await write(join(dir, file), bytes);
      await write(
        headerFile,
        Buffer.from(JSON.stringify({ v: 1, ...shape, generation, sha256, file } satisfies z.infer<typeof header>)),
      );
      for (const old of await readdir(dir)) {
        if (old !== file && /^read-model-[0-9a-f]+\.tar\.gz(\.part)?$/.test(old))
          await rm(join(dir, old), { force: true });
      }
    },
    async discard(): Promise<void> {
      await rm(headerFile, { force: true });
    },
  };
}
