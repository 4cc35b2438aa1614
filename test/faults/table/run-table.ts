import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LeftAlone } from './check';
import { check, leftAlone } from './check';
import { faults, recoveryBoundSeconds } from './faults';
import type { System } from './system';
import { accepted, ended, watchHeads } from './workload';

/** How often each fault is injected; the long form: MINVAR_FAULT_ROUNDS=10 npm test -- test/faults/table */
const rounds = Number(process.env['MINVAR_FAULT_ROUNDS'] ?? 1);

/** Every fault that there is for a kind of laboratory, one after the other in one laboratory, and a table of what came of them. */
export function runTable(title: string, kind: System['kind'], start: () => Promise<System>): void {
  describe(title, { timeout: 300_000 * rounds }, () => {
    let s: System;
    let alone: LeftAlone;
    let letters = 0;
    const table: string[][] = [];
    beforeAll(async () => {
      s = await start();
      const calm = await accepted(s, 'calm');
      expect(await ended(s, calm)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
      alone = await leftAlone(s, calm);
      expect(alone.size).toBe(3);
    }, 400_000);
    afterAll(async () => {
      await s?.end();
      const head = ['fault', 'injected', 'outcome', 'slowest takeover or recovery'];
      const widths = head.map((h, i) => Math.max(h.length, ...table.map((row) => row[i]!.length)));
      console.log([head, ...table].map((row) => row.map((c, i) => c.padEnd(widths[i]!)).join('  ')).join('\n'));
    }, 120_000);

    it.each(faults.filter((f) => f.where.includes(kind)).map((f) => [f.name, f] as const))(
      '%s',
      async (name, fault) => {
        await s.startAll(); // after a fault that failed half way
        const promised = await accepted(s, name);
        const watch = watchHeads(s, promised.runIds);
        try {
          const { times, recoveries, expected } = await fault.inject(s, promised, rounds);
          const states = await ended(s, promised);
          await watch.stop();
          letters = expected?.deadLetters ?? letters;
          const wrong = [...watch.wrong, ...(await check(s, promised, alone, { ...expected, deadLetters: letters }))];
          const slowest = recoveries.length > 0 ? Math.max(...recoveries) : null;
          table.push([
            name,
            `${times}`,
            wrong.length === 0 ? [...new Set(states)].join(', ') : `${wrong.length} wrong`,
            slowest === null ? '–' : `${slowest.toFixed(1)} s`,
          ]);
          console.log(table.at(-1)!.join('  '));
          expect(wrong).toEqual([]);
          expect(times, 'times injected').toBeGreaterThan(0);
          if (fault.bounded) expect(slowest).toBeLessThan(recoveryBoundSeconds);
        } catch (error) {
          await watch.stop();
          console.log(`${name}: ${(error as Error).message}\n${s.said()}`);
          throw error;
        }
      },
    );
  });
}
