import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleWorker } from '../testing/worker-url';
import { createLine } from './pglite-dialect';
import type { PgliteWorker } from './pglite-worker';
import { startPgliteWorker } from './pglite-worker';

let worker: PgliteWorker;
beforeAll(async () => void (worker = await startPgliteWorker(await bundleWorker(), null)), 60_000);
afterAll(() => worker.close());

/** Who had the connection, in order, when all of them asked while it was taken. */
async function order(asking: readonly { readonly name: string; readonly isPatient: boolean }[]): Promise<string[]> {
  const line = createLine(worker, () => undefined);
  await line.take('public', false);
  const had: string[] = [];
  const all = asking.map(async ({ name, isPatient }) => {
    await line.take('public', isPatient);
    had.push(name);
    line.leave();
  });
  line.leave();
  await Promise.all(all);
  return had;
}

describe('the line before the one connection', () => {
  it('is first come, first served, and patient work goes last', async () => {
    const long = { name: 'long', isPatient: true };
    const short = ['a', 'b', 'c'].map((name) => ({ name, isPatient: false }));
    expect(await order(short)).toEqual(['a', 'b', 'c']);
    expect(await order([long, ...short])).toEqual(['a', 'b', 'c', 'long']);
  });

  it('does not let patient work starve', async () => {
    const many = Array.from({ length: 100 }, (_, i) => ({ name: `q${i}`, isPatient: false }));
    const had = await order([{ name: 'long', isPatient: true }, ...many]);
    expect(had.indexOf('long')).toBeGreaterThan(10);
    expect(had.indexOf('long')).toBeLessThan(60);
  });
});
