import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSnapshots } from './snapshot';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'minvar-snapshot-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const shape = { schema: '0001', engine: 'pglite 1' };
const dump = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);
const saved = async () => {
  const snapshots = createSnapshots(dir, shape);
  await snapshots.save({ generation: 'g1', dump });
  return snapshots;
};

describe('a snapshot', () => {
  it('comes back as it was, and replaces the one before', async () => {
    const snapshots = await saved();
    await snapshots.save({ generation: 'g2', dump: dump.subarray(1) });
    const loaded = await snapshots.load();
    expect(loaded).toMatchObject({ snapshot: { generation: 'g2' } });
    expect(
      Buffer.compare(Buffer.from((loaded as { snapshot: { dump: Uint8Array } }).snapshot.dump), dump.subarray(1)),
    ).toBe(0);
    expect(await readdir(dir)).toHaveLength(2);
  });

  it('that is missing, discarded, damaged, unreadable or of another shape is none, and says why', async () => {
    const why = async (snapshots = createSnapshots(dir, shape)) =>
      ((await snapshots.load()) as { because: string }).because;
    expect(await why()).toBe('there is none');
    await saved();
    expect(await why(createSnapshots(dir, { ...shape, schema: '0002' }))).toContain('0001');
    expect(await why(createSnapshots(dir, { ...shape, engine: 'pglite 2' }))).toContain('pglite 1');
    const file = join(
      dir,
      (await readdir(dir)).find((f) => f.endsWith('.gz'))!,
    );
    const bytes = await readFile(file);
    bytes[bytes.length - 20]! ^= 1;
    await writeFile(file, bytes);
    expect(await why()).toContain('damaged');
    await rm(file);
    expect(await why()).toBe('there is none');
    await writeFile(join(dir, 'read-model.json'), '{');
    expect(await why()).toContain('cannot be read');
    await (await saved()).discard();
    expect(await why()).toBe('there is none');
  });
});
