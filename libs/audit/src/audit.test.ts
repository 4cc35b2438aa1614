import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { audit } from './audit';
import type { AuditFiles } from './audit';
import { auditPage } from './page/audit-page';
import { bundledWorker } from './testing/bundle';
import { scratch } from './testing/files';

/** What libs/metrics is held to: NumPy's, SciPy's and scikit-learn's numbers on one set of arrays. */
const golden = JSON.parse(readFileSync(new URL('../../metrics/src/golden/metrics.json', import.meta.url), 'utf8')) as {
  classes: number;
  labels: number[];
  attribute: number[];
  activations: number[];
  logits: number[];
  lastLayer: number[];
  expected: Record<string, number>;
  perClass: Record<string, number[]>;
  reliability: { count: number; confidence: number; accuracy: number }[];
  spectrum: number[];
};
const n = golden.labels.length;
const D = golden.activations.length / n;
const K = golden.classes;

const files = scratch();
afterAll(files.dispose);
const given = {
  activations: files.array('h.npy', Float32Array.from(golden.activations), [n, D]),
  labels: files.array('y.npy', BigInt64Array.from(golden.labels, BigInt), [n]),
  attribute: files.array('a.npy', Int32Array.from(golden.attribute), [n]),
  logits: files.array('z.npy', Float64Array.from(golden.logits), [n, K]),
  weights: files.array('W.npy', Float32Array.from(golden.lastLayer), [K, D]),
} satisfies AuditFiles;
let workerUrl: URL;
beforeAll(async () => {
  workerUrl = await bundledWorker();
});

/** They depend on how the network was trained, or on a probe that has a golden file of its own. */
const elsewhere = /^(bound-slack|output-variance debiased|minority|attribute-probe|variance-by-stage|.*weight)/;

describe('an audit', () => {
  it.each([
    ['in this thread', () => null, 1],
    ['in three threads', () => workerUrl, 3],
  ])('gives the numbers of NumPy, SciPy and scikit-learn (%s)', async (_, url, threads) => {
    const report = await audit(given, { workerUrl: url(), threads, gramProgram: null });
    const found = new Map(report.metrics.map((m) => [m.variant === null ? m.name : `${m.name} ${m.variant}`, m]));
    const expected = Object.entries(golden.expected).filter(([key]) => !elsewhere.test(key));
    expect(expected.length).toBeGreaterThan(60);
    for (const [key, value] of expected) expect(Math.abs(found.get(key)!.value! - value), key).toBeLessThan(1e-9);
    for (const [key, values] of Object.entries(golden.perClass))
      if (!elsewhere.test(key)) expect(found.get(key)!.perClass, key).toEqual(values.map((v) => expect.closeTo(v, 9)));
    expect(report.reliability!.map((r) => r.count)).toEqual(golden.reliability.map((r) => r.count));
    expect(report.spectrum).toMatchObject({ rank: D, precision: 'float64' });
    expect(report.spectrum!.directions.map((d) => d.within)).toEqual(golden.spectrum.map((v) => expect.closeTo(v, 9)));
    expect(report).toMatchObject({ examples: n, dimensions: D, classes: K, notes: [] });
  });

  it('of activations and labels alone measures what they tell, and says what is missing', async () => {
    const report = await audit(
      { activations: given.activations, labels: given.labels },
      { workerUrl: null, threads: 1, gramProgram: null },
    );
    const names = new Set(report.metrics.map((m) => m.name));
    for (const name of ['activation-variance', 'cdnv', 'nc1', 'nc2', 'nc4', 'variance-spectrum'])
      expect(names).toContain(name);
    for (const name of ['error', 'ece', 'nc3', 'group-accuracy']) expect(names).not.toContain(name);
    expect(report.notes.join('\n')).toMatch(/--logits.*\n.*--weights.*\n.*--attribute/);
    expect(report.reliability).toBeNull();
  });

  it('leaves the spectrum of wide features out with a sentence when there is no TensorFlow', async () => {
    const [many, wide] = [250, 4100];
    const activations = files.array(
      'wide.npy',
      Float32Array.from({ length: many * wide }, (_, i) => (i * 7919) % 101),
      [many, wide],
    );
    const labels = files.array(
      'wide-y.npy',
      Int32Array.from({ length: many }, (_, i) => i % 2),
      [many],
    );
    const report = await audit({ activations, labels }, { workerUrl: null, threads: 1, gramProgram: null });
    expect(report.spectrum).toBeNull();
    expect(report.notes.at(-1)).toBe(
      'The variance spectrum is left out: at this size it needs TensorFlow, which is not set up here; `npm start` does that once.',
    );
    expect(report.metrics.find((m) => m.name === 'nc1')!.value).not.toBeNull();
  });
});

describe('what cannot be measured', () => {
  const ones = (count: number): number[] => Array<number>(count).fill(1);
  const cases: readonly (readonly [string, () => Partial<AuditFiles>, RegExp])[] = [
    [
      'one-hot labels',
      () => ({
        labels: files.array(
          'b',
          Float32Array.from({ length: 4 * n }, (_, i) => (i % 4 === 1 ? 1 : 0)),
          [n, 4],
        ),
      }),
      /one-hot, shape \(80, 4\); save y\.argmax\(1\)/,
    ],
    [
      'labels from 1',
      () => ({
        labels: files.array(
          'b',
          Int32Array.from(golden.labels, (y) => y + 1),
          [n],
        ),
      }),
      /go from 1 to 4; classes are counted from 0: save y - 1/,
    ],
    [
      'labels as floats',
      () => ({ labels: files.array('b', Float32Array.from(golden.labels), [n]) }),
      /labels are float32.*y\.astype\(np\.int64\)/,
    ],
    [
      'activations for labels',
      () => ({ labels: files.array('b', Float64Array.from(golden.activations.slice(0, n)), [n]) }),
      /of example \d+ is no whole number.*are these labels\?/,
    ],
    [
      'a label that is none',
      () => ({
        labels: files.array(
          'b',
          Int32Array.from(golden.labels, (y, i) => (i === 5 ? -100 : y)),
          [n],
        ),
      }),
      /value -100 of example 5 \(1 such\)/,
    ],
    [
      'ids for labels',
      () => ({
        labels: files.array(
          'b',
          Int32Array.from(golden.labels, (y) => 5_000_000 + y),
          [n],
        ),
        logits: null,
        weights: null,
      }),
      /return_inverse=True/,
    ],
    [
      'one class',
      () => ({ labels: files.array('b', new Int32Array(n), [n]), logits: null, weights: null }),
      /there must be two classes/,
    ],
    [
      'too few labels',
      () => ({ labels: files.array('b', Int32Array.from(golden.labels.slice(1)), [n - 1]) }),
      /79 examples, but --activations has 80/,
    ],
    [
      'more classes than logits',
      () => ({
        labels: files.array(
          'b',
          Int32Array.from(golden.labels, (y) => 2 * y),
          [n],
        ),
      }),
      /label 6, but --logits .* has 4 classes/,
    ],
    [
      'a list of activations',
      () => ({ activations: files.array('b', Float32Array.from(golden.activations), [n * D]) }),
      /shape \(480,\), but a matrix is needed/,
    ],
    [
      'feature maps',
      () => ({ activations: files.array('b', new Float32Array(n * 8), [n, 2, 2, 2]) }),
      /x\.mean\(\(2, 3\)\)/,
    ],
    [
      'NaN',
      () => ({
        activations: files.array(
          'b',
          Float32Array.from(golden.activations, (v, i) => (i === 2 * D + 1 ? NaN : v)),
          [n, D],
        ),
      }),
      /NaN at \[2, 1\].*np\.isfinite/,
    ],
    [
      'infinity in the logits',
      () => ({
        logits: files.array(
          'b',
          Float32Array.from(golden.logits, (v, i) => (i === 7 ? -Infinity : v)),
          [n, K],
        ),
      }),
      /--logits .*: -Infinity at \[1, 3\]/,
    ],
    [
      'a single logit',
      () => ({ logits: files.array('b', new Float32Array(n), [n, 1]) }),
      /np\.hstack\(\[0 \* z, z\]\)/,
    ],
    [
      'weights the other way',
      () => ({ weights: files.array('b', Float32Array.from(golden.lastLayer), [D, K]) }),
      /shape \(6, 4\), but classes × width = \(4, 6\) is needed; save W\.T/,
    ],
    [
      'no attribute at all',
      () => ({
        attribute: files.array(
          'b',
          Int32Array.from(ones(n), (v) => -v),
          [n],
        ),
      }),
      /no example has an attribute/,
    ],
  ];
  it.each(cases)('%s: refused with the way out', async (_, wrong, says) => {
    const wanted = audit({ ...given, ...wrong() }, { workerUrl: null, threads: 1, gramProgram: null });
    await expect(wanted).rejects.toThrow(says);
    await expect(wanted).rejects.toHaveProperty('name', 'AuditInputError');
  });

  it('in a thread is said as it is here', async () => {
    const activations = files.array('nan', new Float32Array(n * D).fill(Infinity), [n, D]);
    const wanted = audit({ ...given, activations }, { workerUrl, threads: 2, gramProgram: null });
    await expect(wanted).rejects.toThrow(/Infinity at \[\d+, 0\]/);
    await expect(wanted).rejects.toHaveProperty('name', 'AuditInputError');
  });

  it('but probabilities for logits are only noted', async () => {
    const p = Float32Array.from({ length: n * K }, () => 1 / K);
    const report = await audit(
      { ...given, logits: files.array('p', p, [n, K]) },
      { workerUrl: null, threads: 1, gramProgram: null },
    );
    expect(report.notes.join()).toMatch(/rows are probabilities.*np\.log\(p\)/);
  });
});

describe('the page', () => {
  it('holds the numbers, escapes what it was given, and needs nothing else', async () => {
    const odd = files.array('<b>&"h.npy', Float32Array.from(golden.activations), [n, D]);
    const report = await audit({ ...given, activations: odd }, { workerUrl: null, threads: 1, gramProgram: null });
    const page = auditPage(report);
    expect(page).toContain('&lt;b&gt;&amp;&quot;h.npy');
    expect(page).not.toContain('<b>&"h.npy');
    expect(page).not.toMatch(/<script|https?:\/\/|@import|url\(/);
    expect(page).toContain(String(Number(golden.expected['activation-variance']!.toPrecision(4))));
    expect(page.match(/<svg /g)).toHaveLength(3);
    for (const m of report.metrics) expect(page).toContain(`<td>${m.name}</td>`);
  });
});
