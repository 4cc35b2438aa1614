import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Simulation } from './search';
import { told, withSimulation } from './search';
import type { Report } from './world/simulate';

const seeds = 1000;

describe('a laboratory in a simulated world', () => {
  let simulation: Simulation;
  let close: () => void;
  let closed: Promise<void>;
  let reports: readonly Report[];
  beforeAll(async () => {
    await new Promise<void>((ready, failed) => {
      closed = withSimulation([], async (s) => {
        simulation = s;
        ready();
        await new Promise<void>((done) => (close = done));
      });
      closed.catch(failed);
    });
    reports = await simulation.search(1, seeds);
  }, 900_000);
  afterAll(async () => {
    close();
    await closed;
  });

  it(`keeps every promise in ${seeds} seeds of crashes, zombies, lost answers and wrong clocks`, () => {
    const broken = reports.filter((r) => r.problems.length > 0);
    expect(broken.length, `\n${broken.slice(0, 5).map(told).join('\n')}\n`).toBe(0);
  });

  it('has at least 500 steps and 5 crashes in each, and every kind of fault and of end among them', () => {
    expect(reports).toHaveLength(seeds);
    expect(Math.min(...reports.map((r) => r.steps))).toBeGreaterThanOrEqual(500);
    expect(Math.min(...reports.map((r) => r.crashes))).toBeGreaterThanOrEqual(5);
    const faults = new Set(reports.flatMap((r) => Object.keys(r.faults)));
    expect([...faults].sort()).toEqual(
      [
        ...['answer lost', 'arrived late', 'checkpoint torn', 'clock jumps', 'command repeated', 'event repeated'],
        ...['gateway killed', 'gateway leaves', 'gateway stopped', 'killed before the answer', 'killed while sending'],
        ...['outage', 'request lost', 'runner cut off', 'runner killed', 'runner stopped', 'runner terminated'],
        ...['trainer killed', 'trainer stopped'],
      ].sort(),
    );
    const ends = reports.flatMap((r) => r.ends);
    expect(new Set(ends.map((e) => e.state))).toContain('SUCCEEDED');
    expect(ends.filter((e) => e.state === 'CANCELLED').length).toBeGreaterThan(seeds / 20);
    expect(ends.filter((e) => e.state === 'SUCCEEDED' && e.term > 1).length).toBeGreaterThan(seeds / 4);
    expect(ends.filter((e) => e.attempt > 1).length).toBeGreaterThan(seeds / 20);
  });

  it('is the same world again for the same seed', async () => {
    for (const seed of [3, 1, 2]) {
      const again = await simulation.simulate(seed, { trace: true });
      expect(again.fingerprint).toBe(reports[seed - 1]!.fingerprint);
      expect(again.trace.length).toBeGreaterThan(50);
    }
  });
});
