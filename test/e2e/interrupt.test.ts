import { afterAll, describe, expect, it } from 'vitest';
import { minvar, startMinvar, temporaryHome, until } from './support';

interface Document {
  runs: { id: string; state: string; method: string; seed: number; metrics: unknown[] }[];
  verdicts: unknown[];
}

const whole = temporaryHome();
const broken = temporaryHome();
const run = ['experiment', 'run', 'spurious-colour', '--preset', 'ci', '--set', 'epochs=6', '--json'];
const results = (text: string): Document => {
  const d = JSON.parse(text) as Document;
  return { verdicts: d.verdicts, runs: [...d.runs].sort((a, b) => (a.id < b.id ? -1 : 1)) };
};

describe('ctrl-C at any moment, then the same command', () => {
  afterAll(() => {
    whole.dispose();
    broken.dispose();
  });

  it('goes on where it was, and ends with the numbers of an uninterrupted start', async () => {
    const left = await minvar(whole.home, run);
    expect(left.status, left.stderr).toBe(0);

    // Once while data is made or services start, once early in training, once later.
    for (const seconds of [2, 9, 14]) {
      const started = startMinvar(broken.home, run);
      const early = await Promise.race([started.done, new Promise<null>((r) => setTimeout(r, seconds * 1000, null))]);
      if (early) break; // it was done before we could interrupt it
      started.child.kill('SIGINT');
      const ended = await started.done;
      expect([130, 0], ended.stderr).toContain(ended.status);
      if (ended.status === 130) expect(ended.stderr).toMatch(/goes on/);
    }
    const resumed = await minvar(broken.home, run);
    expect(resumed.status, resumed.stderr).toBe(0);
    expect(results(resumed.stdout)).toEqual(results(left.stdout));
  }, 600_000);

  it('survives SIGKILL of the whole laboratory too', async () => {
    const killed = temporaryHome();
    try {
      const started = startMinvar(killed.home, run);
      await until('the first progress', () => /epoch|run|%/.test(started.stderr()), 60);
      await new Promise((r) => setTimeout(r, 4000));
      started.child.kill('SIGKILL');
      expect((await started.done).signal).toBe('SIGKILL');
      const resumed = await minvar(killed.home, run);
      expect(resumed.status, resumed.stderr).toBe(0);
      const left = await minvar(whole.home, run);
      expect(results(resumed.stdout)).toEqual(results(left.stdout));
    } finally {
      killed.dispose();
    }
  }, 600_000);
});
