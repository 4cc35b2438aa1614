import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { graphql, minvar, root, startLaboratory, temporaryHome } from './support';

interface Metric {
  name: string;
  variant: string | null;
  split: string;
  value: number | null;
  perClass: (number | null)[] | null;
  perGroup: { group: string; count: number; value: number | null }[] | null;
}
interface Run {
  id: string;
  method: string;
  seed: number;
  state: string;
  spec: { data: { name: string; jitter: number | null; strength: number | null }; epochs: number };
  metrics: Metric[];
}
interface Comparison {
  metric: string;
  primary: boolean;
  condition: string;
  a: string;
  b: string;
  seeds: number;
  meanA: number | null;
  meanB: number | null;
  difference: number | null;
  test: string;
}
interface Document {
  experiment: string;
  preset: string;
  runs: Run[];
  comparisons: Comparison[];
  verdicts: { claim: string; verdict: string; because: string }[];
  seconds: number;
}

const { home, dispose } = temporaryHome();
const options = process.env['MINVAR_DATA_DIR'] ? ['--data', process.env['MINVAR_DATA_DIR']] : [];
let documents: Document[];

const start = () => {
  const env = { ...process.env, MINVAR_HOME: home, MINVAR_PORT: '0' };
  return spawnSync('npm', ['start', '--silent', '--', '--once', '--json', ...options], {
    cwd: root,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
};
const value = (r: Run, name: string, split: string, variant: string | null = null): number => {
  const m = r.metrics.find((x) => x.name === name && x.split === split && x.variant === variant);
  if (m?.value === undefined || m.value === null) throw new Error(`run ${r.id} has no ${name} on ${split}`);
  return m.value;
};
const experiment = (name: string): Document => documents.find((d) => d.experiment === name)!;

describe('npm start -- --once --json, on real digits', () => {
  beforeAll(() => {
    const r = start();
    expect(r.status, r.stderr).toBe(0);
    documents = JSON.parse(r.stdout) as Document[];
  }, 1_800_000);
  afterAll(dispose);

  it('runs every quick experiment to its end', () => {
    expect(documents.map((d) => d.experiment).sort()).toEqual([
      'activation-variance',
      'linear-low-high',
      'spurious-colour',
    ]);
    // CIFAR-10 is not bundled: without local files and network its experiment says so
    for (const d of documents.filter((x) => options.length > 0 || x.experiment !== 'activation-variance')) {
      expect(d.preset).toBe('quick');
      expect(d.runs.filter((r) => r.state !== 'SUCCEEDED')).toEqual([]);
      expect(d.verdicts.length).toBeGreaterThan(0);
    }
  });

  it('trains spurious-colour on 3 methods × 2 jitters × 6 seeds', () => {
    const { runs } = experiment('spurious-colour');
    expect(runs).toHaveLength(36);
    expect(new Set(runs.map((r) => `${r.method}/${r.spec.data.jitter}/${r.seed}`)).size).toBe(36);
  });

  it('learns digits: with the training colours errors are far below chance', () => {
    for (const r of experiment('spurious-colour').runs) {
      expect(value(r, 'error', 'test-same')).toBeLessThan(0.3);
      const perClass = r.metrics.find((m) => m.name === 'error' && m.split === 'test-same')!.perClass!;
      expect(perClass).toHaveLength(10);
    }
  });

  it('measures groups consistently: the worst group is the least of the groups', () => {
    for (const r of experiment('spurious-colour').runs) {
      const groups = r.metrics.find((m) => m.name === 'group-accuracy' && m.split === 'test-balanced')!.perGroup!;
      expect(groups).toHaveLength(100);
      expect(value(r, 'worst-group-accuracy', 'test-balanced')).toBeCloseTo(
        Math.min(...groups.map((g) => g.value!)),
        12,
      );
    }
  });

  it('says how well the colour can be decoded, at both jitters', () => {
    for (const r of experiment('spurious-colour').runs)
      expect(value(r, 'decodability', 'test-random')).toBeGreaterThanOrEqual(0.995);
  });

  it('gives comparisons whose differences are those of the runs’ own means', () => {
    const { comparisons, runs } = experiment('spurious-colour');
    const primary = comparisons.filter((c) => c.primary);
    expect(primary.length).toBeGreaterThan(0);
    for (const c of primary) {
      const mean = (arm: string): number => {
        const values = runs
          .filter((r) => r.method === arm && `jitter ${r.spec.data.jitter}` === c.condition)
          .map((r) => value(r, c.metric, 'test-random'));
        expect(values).toHaveLength(6);
        return values.reduce((a, b) => a + b, 0) / values.length;
      };
      expect(c.seeds).toBe(6);
      expect(c.meanA!).toBeCloseTo(mean(c.a), 9);
      expect(c.meanB!).toBeCloseTo(mean(c.b), 9);
      expect(c.difference!).toBeCloseTo(c.meanA! - c.meanB!, 9);
    }
  });

  it('judges the linear claim from exact endpoints', () => {
    const { comparisons } = experiment('linear-low-high');
    const exact = comparisons.filter((c) => c.test === 'exact');
    expect(exact.length).toBeGreaterThan(0);
    for (const c of exact) expect(c.seeds).toBe(0);
  });

  it('shows stored results on a second start without training anything', async () => {
    const again = start();
    expect(again.status, again.stderr).toBe(0);
    const second = JSON.parse(again.stdout) as Document[];
    const strip = (list: Document[]) =>
      list.map(({ seconds: _, ...d }) => d).sort((a, b) => (a.experiment < b.experiment ? -1 : 1));
    const plain = strip(second).map((d) => ({ ...d, runs: d.runs.map((r) => r.id).sort() }));
    expect(plain.map((d) => d.runs)).toEqual(strip(documents).map((d) => d.runs.map((r) => r.id).sort()));
    expect(strip(second).map((d) => d.verdicts)).toEqual(strip(documents).map((d) => d.verdicts));
    const lab = await startLaboratory(home);
    try {
      const { data } = await graphql<{
        runs: { totalCount: number; edges: { node: { term: number; attempt: number } }[] };
      }>(lab.url, '{ runs(first: 200) { totalCount edges { node { term attempt } } } }');
      expect(data.runs.totalCount).toBe(documents.reduce((n, d) => n + d.runs.length, 0));
      for (const e of data.runs.edges) expect(e.node).toEqual({ term: 1, attempt: 1 });
    } finally {
      expect((await lab.stop()).status).toBe(130);
    }
  }, 300_000);

  it('rebuilds the read model to the same hash', async () => {
    const r = await minvar(home, ['read-model', 'rebuild', '--json']);
    expect(r.status, r.stderr).toBe(0);
    const { before, after, events } = JSON.parse(r.stdout) as { before: string; after: string; events: number };
    expect(after).toBe(before);
    expect(events).toBeGreaterThan(100);
  }, 120_000);
});
