import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { smallDisk } from '../testing/small-disk';
import { createLogFile } from './log-file';

const line = (n: number): string => `${JSON.stringify({ n, text: 'x'.repeat(900) })}\n`;
const linesOf = (file: string): Record<string, unknown>[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text) as Record<string, unknown>);

describe('a log file', () => {
  it('on a full disk leaves whole lines out, says so once, and goes on with their number when there is room', async (context) => {
    const disk = await smallDisk(2);
    if ('because' in disk) return context.skip(disk.because);
    try {
      const troubles: string[] = [];
      const file = join(disk.dir, 'laboratory.log');
      const log = createLogFile({ file, largest: 1e9, onTrouble: (because) => troubles.push(because) });
      for (let n = 0; n < 10; n++) log.write(line(n));
      disk.fill();
      for (let n = 10; n < 40; n++) log.write(line(n));
      expect(troubles).toEqual([`no space left for ${file}; lines are left out until there is`]);
      const kept = linesOf(file).length; // each of them parses: none is half
      expect(kept).toBeLessThan(20);
      disk.free();
      log.write(line(40));
      log.write(line(41));
      expect(linesOf(file).slice(kept)).toMatchObject([{ n: 40 }, { level: 'warn', missing: 40 - kept }, { n: 41 }]);
    } finally {
      await disk.remove();
    }
  });

  it('is kept as .1 once it is large, and begun anew', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'minvar-log-file-'));
    const file = join(dir, 'laboratory.log');
    const log = createLogFile({ file, largest: 3000, onTrouble: (because) => expect.unreachable(because) });
    for (let n = 0; n < 12; n++) log.write(line(n));
    expect([`${file}.1`, file].flatMap(linesOf).map((l) => l['n'])).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
    await rm(dir, { recursive: true });
  });

  it('that cannot be opened is said once, and ends nobody', () => {
    const troubles: string[] = [];
    const log = createLogFile({ file: '/proc/none/laboratory.log', largest: 1, onTrouble: (b) => troubles.push(b) });
    log.write(line(1));
    log.write(line(2));
    expect(troubles).toEqual([expect.stringMatching(/laboratory\.log cannot be written \(ENOENT/)]);
  });
});
