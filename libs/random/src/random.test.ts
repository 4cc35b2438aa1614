import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { exp, log } from './elementary';
import { philox } from './philox';
import { stream } from './stream';
import type { Purpose, RandomStream } from './stream';

interface Golden {
  philox: { counter: [number, number, number, number]; key: [number, number]; out: number[] }[];
  streams: {
    seed: number;
    purpose: Purpose;
    epoch: number;
    step: number;
    forks: string[];
    uint32: number[];
    uniform: number[];
    permutation: number[];
  }[];
}
const golden = JSON.parse(readFileSync(new URL('golden.json', import.meta.url), 'utf8')) as Golden;

describe('philox4x32-10', () => {
  it('gives the known answers of Random123', () => {
    for (const { counter, key, out } of golden.philox) {
      const words = new Uint32Array(4);
      philox(...counter, ...key, words);
      expect([...words]).toEqual(out);
    }
  });
});

describe('random streams', () => {
  it('equal an independent implementation, word for word', () => {
    for (const g of golden.streams) {
      const open = (): RandomStream => g.forks.reduce((s, name) => s.fork(name), stream(g));
      const words = open();
      expect(g.uint32.map(() => words.uint32())).toEqual(g.uint32);
      const uniforms = open();
      expect(g.uniform.map(() => uniforms.uniform())).toEqual(g.uniform);
      expect([...open().permutation(12)]).toEqual(g.permutation);
    }
  });

  it('differ between seeds, purposes, epochs, steps and forks', () => {
    const keys = [0, 1].flatMap((seed) =>
      (['init', 'order', 'augment', 'mix', 'data'] as const).flatMap((purpose) =>
        [0, 1].flatMap((epoch) => [0, 1].map((step) => ({ seed, purpose, epoch, step }))),
      ),
    );
    const heads = keys
      .flatMap((key) => [stream(key), stream(key).fork('a'), stream(key).fork('b')])
      .map((s) => s.uint32());
    expect(new Set(heads).size).toBe(heads.length);
  });

  it('fork the same child whatever was drawn before', () => {
    const parent = stream({ seed: 3, purpose: 'init' });
    const early = parent.fork('fc.weight').uint32();
    for (let i = 0; i < 100; i++) parent.normal();
    expect(parent.fork('fc.weight').uint32()).toBe(early);
  });

  it('refuse a seed that is no whole number, by name', () => {
    expect(() => stream({ seed: 1.5, purpose: 'init' })).toThrow('seed is 1.5');
    expect(() => stream({ seed: 1, purpose: 'init' }).beta(0, 1)).toThrow('beta parameter is 0');
  });
});

const moments = (draw: () => number, n: number): { mean: number; variance: number } => {
  let mean = 0;
  let m2 = 0;
  for (let i = 1; i <= n; i++) {
    const x = draw();
    const d = x - mean;
    mean += d / i;
    m2 += d * (x - mean);
  }
  return { mean, variance: m2 / (n - 1) };
};

/** sup |F_n − F|; above 1.95 / √n once in a thousand samples (Kolmogorov) */
const kolmogorov = (sample: Float64Array, cdf: (x: number) => number): number => {
  sample.sort();
  let worst = 0;
  sample.forEach((x, i) => {
    const f = cdf(x);
    worst = Math.max(worst, f - i / sample.length, (i + 1) / sample.length - f);
  });
  return worst;
};

describe('distributions, at a fixed seed and five standard errors', () => {
  const n = 20_000;
  const bound = 1.95 / Math.sqrt(n);
  const of = (name: string): RandomStream => stream({ seed: 20, purpose: 'data' }).fork(name);

  it('uniform is uniform', () => {
    const s = of('uniform');
    expect(
      kolmogorov(
        Float64Array.from({ length: n }, () => s.uniform()),
        (x) => x,
      ),
    ).toBeLessThan(bound);
  });

  it('normal has the normal distribution function', () => {
    const s = of('normal');
    // Abramowitz & Stegun 7.1.26: error below 1.5e-7
    const cdf = (x: number): number => {
      const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
      const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
      return 0.5 * (1 + Math.sign(x) * (1 - tail * Math.exp((-x * x) / 2)));
    };
    expect(
      kolmogorov(
        Float64Array.from({ length: n }, () => s.normal()),
        cdf,
      ),
    ).toBeLessThan(bound);
  });

  it.each([
    [1, 1],
    [0.2, 0.2],
    [0.4, 0.4],
    [2, 5],
    [30, 3],
  ])('Beta(%s, %s) has its mean and variance', (a, b) => {
    const s = of(`beta ${a} ${b}`);
    const { mean, variance } = moments(() => s.beta(a, b), n);
    const trueVariance = (a * b) / ((a + b) ** 2 * (a + b + 1));
    expect(Math.abs(mean - a / (a + b))).toBeLessThan(5 * Math.sqrt(trueVariance / n));
    // the variance of a sample variance is at most E(x − μ)⁴ / n ≤ σ² / (4 n) on [0, 1]
    expect(Math.abs(variance - trueVariance)).toBeLessThan(5 * Math.sqrt(trueVariance / 4 / n));
  });

  it('Beta(2, 2), whose distribution function is 3x² − 2x³, and Beta(½, 1), whose is √x', () => {
    const s = of('beta');
    expect(
      kolmogorov(
        Float64Array.from({ length: n }, () => s.beta(2, 2)),
        (x) => x * x * (3 - 2 * x),
      ),
    ).toBeLessThan(bound);
    expect(
      kolmogorov(
        Float64Array.from({ length: n }, () => s.beta(0.5, 1)),
        Math.sqrt,
      ),
    ).toBeLessThan(bound);
  });

  it('Beta with tiny parameters stays in [0, 1] and finite', () => {
    const s = of('tiny');
    for (let i = 0; i < 200; i++) {
      const x = s.beta(1e-4, 1e-4);
      expect(x >= 0 && x <= 1).toBe(true);
    }
  });

  it('Gamma(1) is exponential and Gamma(3.5) has mean and variance 3.5', () => {
    const s = of('gamma');
    expect(
      kolmogorov(
        Float64Array.from({ length: n }, () => s.gamma(1)),
        (x) => 1 - Math.exp(-x),
      ),
    ).toBeLessThan(bound);
    const { mean, variance } = moments(() => s.gamma(3.5), n);
    expect(Math.abs(mean - 3.5)).toBeLessThan(5 * Math.sqrt(3.5 / n));
    expect(Math.abs(variance - 3.5)).toBeLessThan(0.3);
  });

  it('permutations of 4 are equally likely: chi-squared on 23 degrees of freedom below its 99.9 % point', () => {
    const s = of('permutation');
    const counts = new Map<string, number>();
    for (let i = 0; i < 12_000; i++) {
      const key = s.permutation(4).join('');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chi = [...counts.values()].reduce((sum, c) => sum + (c - 500) ** 2 / 500, 0);
    expect(chi).toBeLessThan(49.73);
  });
});

describe('log and exp', () => {
  it('are within 1 ulp of the engine’s own', () => {
    const s = stream({ seed: 1, purpose: 'data' });
    for (let i = 0; i < 5000; i++) {
      const x = (s.uniform() - 0.5) * 600;
      expect(Math.abs(exp(x) / Math.exp(x) - 1)).toBeLessThan(3e-16);
      const y = Math.exp(x);
      expect(Math.abs(log(y) - Math.log(y))).toBeLessThanOrEqual(
        2.3e-16 * Math.max(Math.abs(Math.log(y)), Number.MIN_VALUE),
      );
    }
    for (const x of [1, 1 - 2 ** -53, 1 + 2 ** -52, 0.5, 2, 1e-300])
      expect(Math.abs(log(x) - Math.log(x))).toBeLessThanOrEqual(2.3e-16 * Math.abs(Math.log(x)));
  });
});
