import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeFolder, writeOut } from './write-out';

let dir: string;
beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), 'minvar-out-'))));
afterAll(() => rm(dir, { recursive: true }));

describe('a file that a command writes', () => {
  it('gets the folders above it', async () => {
    await writeOut(join(dir, 'a', 'b', 'c.csv'), 'x');
    expect(await readFile(join(dir, 'a', 'b', 'c.csv'), 'utf8')).toBe('x');
    await makeFolder(join(dir, 'a', 'b'));
  });

  it('is refused below a file, and over a folder, by name', async () => {
    await writeFile(join(dir, 'file'), '');
    await expect(writeOut(join(dir, 'file', 'c.csv'), 'x')).rejects.toMatchObject({
      name: 'WorkError',
      message: expect.stringContaining(join(dir, 'file')) as string,
    });
    await expect(writeOut(dir, 'x')).rejects.toMatchObject({ name: 'WorkError' });
  });

  it.skipIf(process.platform !== 'linux')('is refused below /proc instead of waiting for ever', async () => {
    await expect(makeFolder('/proc/minvar/out')).rejects.toThrow(/cannot write to '\/proc\/minvar\/out'/);
  });
});
