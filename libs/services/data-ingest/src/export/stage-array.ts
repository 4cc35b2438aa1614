import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { npyHeader } from '@minvar/contracts';
import type { ArrayFile, DatasetManifest } from '@minvar/contracts';
import { HashMismatchError } from '@minvar/service-kit';
import { versionPrefix } from '../store-version';

/** Where arrays come from: an object store, or anything that streams an object. */
export interface ArrayStore {
  readonly getStream: (key: string) => Promise<{ readonly body: AsyncIterable<Uint8Array> }>;
}

const views = {
  uint8: Uint8Array,
  int32: Int32Array,
  int64: BigInt64Array,
  float32: Float32Array,
  float64: Float64Array,
};
export type Rows = InstanceType<(typeof views)[ArrayFile['dtype']]>;

/** An array in a file of its own, whole and as its manifest says. */
export interface StagedArray {
  readonly path: string;
  /** the rows in order, at most `atOnce` in memory */
  readonly rows: (atOnce: number) => AsyncGenerator<Rows>;
  readonly remove: () => Promise<void>;
}

/** Fetches an array into `dir`, as a stream, and checks it against the hash of the manifest. Throws `HashMismatchError`. */
export async function stageArray(
  store: ArrayStore,
  manifest: DatasetManifest,
  file: ArrayFile,
  dir: string,
): Promise<StagedArray> {
  const key = `${versionPrefix(manifest)}${file.path}`;
  const path = join(dir, file.path.replaceAll('/', '_'));
  const remove = (): Promise<void> => rm(path, { force: true });
  const hash = createHash('sha256');
  const out = await open(path, 'w');
  try {
    for await (const chunk of (await store.getStream(key)).body) {
      hash.update(chunk);
      await out.writeFile(chunk);
    }
  } finally {
    await out.close();
  }
  const found = hash.digest('hex');
  if (found !== file.sha256) {
    await remove();
    throw new HashMismatchError(key, file.sha256, found);
  }

  async function* rows(atOnce: number): AsyncGenerator<Rows> {
    const View = views[file.dtype];
    const [n, ...rest] = file.shape as [number, ...number[]];
    const rowBytes = rest.reduce((a, b) => a * b, View.BYTES_PER_ELEMENT);
    const handle = await open(path, 'r');
    try {
      const start = npyHeader(file.dtype, file.shape).length;
      for (let first = 0; first < n; first += atOnce) {
        const block = new Uint8Array(Math.min(atOnce, n - first) * rowBytes);
        const { bytesRead } = await handle.read(block, 0, block.length, start + first * rowBytes);
        if (bytesRead < block.length) throw new Error(`${path} was cut while it was read`);
        yield new View(block.buffer, 0, block.length / View.BYTES_PER_ELEMENT);
      }
    } finally {
      await handle.close();
    }
  }
  return { path, rows, remove };
}
