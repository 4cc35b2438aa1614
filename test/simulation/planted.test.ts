import { describe, expect, it } from 'vitest';
import { bundleSimulation } from './bundle';
import { bugs, mended, withoutFence } from './planted';
import { withSimulation } from './search';

/** Seeds that a search may use up before it must have found the bug. */
const enough = 200;
const foundAt = (patch: (typeof bugs)[number], within = enough): Promise<number> =>
  withSimulation([patch], async ({ search }) => {
    const reports = await search(1, within, ({ problems }) => problems.length > 0);
    const seed = reports.find(({ problems }) => problems.length > 0)?.seed;
    return seed ?? Infinity;
  });

describe('a search that does not know what is wrong', () => {
  it.each(bugs.map((b) => [b.name, b] as const))(`finds within ${enough} seeds that %s`, async (_, bug) => {
    expect(await foundAt(bug)).toBeLessThanOrEqual(enough);
  });

  // Rarer than what was planted: these had to be come upon in a thousand.
  it.each(mended.map((b) => [b.name, b] as const))(
    'would find again that %s',
    async (_, bug) => {
      expect(await foundAt(bug, 1000)).toBeLessThanOrEqual(1000);
    },
    900_000,
  );

  it('finds at once that the fence is gone', async () => {
    expect(await foundAt(withoutFence)).toBeLessThanOrEqual(10);
  });
});

describe('a planted bug', () => {
  it('whose place in the module is gone stops the test', async () => {
    const lost = { ...bugs[0]!, find: 'a text that is nowhere' };
    await expect(bundleSimulation([lost])).rejects.toThrow('it must occur once');
  });
});
