import { stream } from '@minvar/random';
import { describe, expect, it } from 'vitest';
import type { MetricBatch, MetricContext } from './batch';
import { boundTolerance } from './bound-slack';
import { createMetricFold, findMetric } from './fold';
import type { MetricFold, MetricRow } from './fold';
import golden from './golden/metrics.json';
import { metrics } from './registry.gen';

const [K, D] = [golden.classes, golden.activations.length / golden.labels.length];
const context: MetricContext = {
  classes: ['a', 'b', 'c', 'd'],
  attributes: ['red', 'green', 'blue', 'grey'],
  smoothing: { alpha: golden.alpha, convention: 'all' },
  lastLayer: Float32Array.from(golden.lastLayer),
  features: { low: [0, 1, 2], high: [3, 4, 5], spurious: [0, 1, 2] },
};
/** Columns of the activations, as golden/metrics.py takes them for outputs of stages. */
const columns = (from: number, to: number): Float32Array =>
  Float32Array.from(golden.activations.filter((_, i) => i % D >= from && i % D < to));
const widths: Readonly<Record<string, number>> = { stage1: 2, stage2: 3, stage3: 3, stage4: 1 };
const whole: MetricBatch = {
  labels: Int32Array.from(golden.labels),
  attributes: Int32Array.from(golden.attribute),
  logits: Float32Array.from(golden.logits),
  activations: Float32Array.from(golden.activations),
  stages: { stage1: columns(0, 2), stage2: columns(1, 4), stage3: columns(3, 6), stage4: columns(4, 5) },
};
const mixed: MetricBatch = {
  labels: whole.labels,
  logits: whole.logits!,
  mix: { lambda: Float64Array.from(golden.lambda), partnerLabels: Int32Array.from(golden.partner) },
};
const n = golden.labels.length;

function part(batch: MetricBatch, from: number, to: number): MetricBatch {
  const { labels, attributes, logits, activations, stages, mix } = batch;
  return {
    labels: labels.slice(from, to),
    attributes: attributes?.slice(from, to),
    logits: logits?.slice(from * K, to * K),
    activations: activations?.slice(from * D, to * D),
    stages:
      stages &&
      Object.fromEntries(Object.entries(stages).map(([s, x]) => [s, x.slice(from * widths[s]!, to * widths[s]!)])),
    mix: mix && { lambda: mix.lambda.slice(from, to), partnerLabels: mix.partnerLabels.slice(from, to) },
  };
}

/** Every metric, those on request too, with all their variants. */
const all = { context, split: 'train', metrics: Object.keys(metrics), details: true };

function folded(...batches: readonly MetricBatch[]): MetricFold {
  const fold = createMetricFold(all);
  batches.forEach((b) => fold.add(b));
  return fold;
}

/** Rows of both looks at these batches. */
function rowsOf(...batches: readonly MetricBatch[]): MetricRow[] {
  const first = folded(...batches);
  const second = first.again();
  batches.forEach((b) => second?.add(b));
  return [...first.rows(), ...(second?.rows() ?? [])];
}

const keyOf = ({ name, variant }: MetricRow): string => (variant === null ? name : `${name} ${variant}`);

/** All numbers of the rows, parts included, by name. */
function numbers(rows: readonly MetricRow[]): Map<string, number> {
  return new Map(
    rows.flatMap((r) => [
      [keyOf(r), r.value] as const,
      ...(r.perClass ?? []).map((v, k) => [`${keyOf(r)}, class ${k}`, v] as const),
      ...(r.perGroup ?? []).map((g) => [`${keyOf(r)}, ${g.group}`, g.value] as const),
    ]),
  );
}

function expectSame(a: readonly MetricRow[], b: readonly MetricRow[]): void {
  const [x, y] = [numbers(a), numbers(b)];
  expect([...x.keys()]).toEqual([...y.keys()]);
  for (const [key, v] of x) {
    const w = y.get(key)!;
    if (Number.isNaN(v)) expect(w, key).toBeNaN();
    else expect(Math.abs(v - w), key).toBeLessThan(1e-9 * Math.max(1, Math.abs(v)));
  }
}

const everything = rowsOf(whole, mixed);

describe.each(Object.keys(metrics))('%s', (name) => {
  const definition = findMetric(name);
  const rows = everything.filter((r) => r.name === name);

  it('says what it is, and measures the variants it declares', () => {
    expect(definition.title).not.toBe('');
    expect(definition.description).toMatch(/\.$/);
    expect(definition.variants[0]).toBeNull();
    expect(new Set(rows.map((r) => r.variant))).toEqual(new Set(definition.variants));
    expect(rows).toHaveLength(definition.variants.length);
    expect(rows[0]!.variant).toBeNull();
  });

  it('has parts for every class or group', () => {
    for (const r of rows) {
      if (r.perClass) expect(r.perClass).toHaveLength(K);
      if (r.perGroup)
        expect(r.perGroup.map((g) => g.group)).toEqual(
          context.classes.flatMap((c) => context.attributes.map((a) => `${c}/${a}`)),
        );
    }
  });

  it('is left out where its inputs are missing', () => {
    const fold = createMetricFold({ ...all, metrics: [name] });
    expect(fold.rows()).toEqual([]);
    fold.add({ labels: whole.labels });
    expect(fold.rows()).toEqual([]);
    expect(fold.again()).toBeNull();
  });
});

describe('the folds', () => {
  it('give NumPy’s numbers, all of them', () => {
    // Mixed inputs have their own number below; the probe, which splits examples by their hash, has golden/probe.py.
    const rows = everything.filter((r) => !['mixup-bound-slack', 'attribute-probe'].includes(r.name));
    const expected = golden.expected as Readonly<Record<string, number>>;
    expect(rows.map(keyOf).sort()).toEqual(Object.keys(expected).sort());
    for (const r of rows) expect(Math.abs(r.value - expected[keyOf(r)]!), keyOf(r)).toBeLessThan(1e-10);
    const parts = rows.find((r) => r.name === 'group-accuracy')!.perGroup!;
    expect(parts.map((g) => ({ count: g.count, value: Number.isNaN(g.value) ? null : g.value }))).toEqual(
      golden.perGroup.map((g) => ({ ...g, value: g.value === null ? null : expect.closeTo(g.value, 12) })),
    );
    for (const [key, values] of Object.entries(golden.perClass))
      expect(rows.find((r) => keyOf(r) === key)!.perClass, key).toEqual(values.map((v) => expect.closeTo(v, 10)));
    rows
      .find((r) => r.name === 'error')!
      .perClass!.forEach((v, k) => expect(v).toBeCloseTo(golden.errorPerClass[k]!, 12));
    expect(everything.find((r) => r.name === 'mixup-bound-slack')!.value).toBeCloseTo(golden.mixupBoundSlack, 12);
  });

  it('tabulate NumPy’s reliability curve and SciPy’s spectrum', () => {
    const fold = folded(whole);
    const table = (name: string) => fold.tables().find((t) => t.name === name)!.rows;
    expect(table('ece').map(({ bin, count, confidence, accuracy }) => ({ bin, count, confidence, accuracy }))).toEqual(
      golden.reliability.map((r) => ({
        ...r,
        confidence: expect.closeTo(r.confidence, 12),
        accuracy: expect.closeTo(r.accuracy, 12),
      })),
    );
    expect(table('variance-spectrum').map((r) => r.within)).toEqual(golden.spectrum.map((v) => expect.closeTo(v, 10)));
  });

  it('leave what is dear to those who ask: no details, nothing on request, no second look', () => {
    const fold = createMetricFold({ context, split: 'train', metrics: ['output-variance', 'nll'] });
    fold.add(whole);
    expect(fold.rows().map(keyOf)).not.toContain('output-variance temperature-matched');
    expect([...fold.statistics.keys()]).not.toContain('keptLogits');
    expect(fold.again()).toBeNull();
    const usual = createMetricFold({ context, split: 'train' });
    usual.add(whole);
    expect(usual.rows().map((r) => r.name)).not.toContain('variance-spectrum');
  });

  it.each([1, 7, 16, 79])('do not depend on how examples are cut into batches (%i)', (size) => {
    const parts = [whole, mixed].flatMap((batch) =>
      Array.from({ length: Math.ceil(n / size) }, (_, i) => part(batch, i * size, Math.min(n, (i + 1) * size))),
    );
    expectSame(rowsOf(...parts), everything);
  });

  it('merge in any order and any grouping to the same, at both looks', () => {
    const cuts = [0, 11, 50, n];
    const parts = [0, 1, 2].map((i) => [whole, mixed].map((batch) => part(batch, cuts[i]!, cuts[i + 1]!)));
    type Tree = number | readonly Tree[];
    /** A fold of that look over parts, merged as the tree nests. */
    const merged = (make: () => MetricFold, tree: Tree): MetricFold => {
      const fold = make();
      if (typeof tree === 'number') parts[tree]!.forEach((batch) => fold.add(batch));
      else tree.forEach((t) => fold.merge(merged(make, t)));
      return fold;
    };
    const trees: Tree[] = [
      [0, 1, 2],
      [2, 0, 1],
      [0, [1, 2]],
      [[2, 1], 0],
      [[], [0, 1, 2], []],
    ];
    for (const tree of trees) {
      const first = merged(() => createMetricFold(all), tree);
      const second = merged(() => first.again()!, tree);
      expectSame([...first.rows(), ...second.rows()], everything);
    }
  });

  it('measure a Gaussian sample’s variances as its distribution has them', () => {
    const random = stream({ seed: 1, purpose: 'data' });
    const [count, deviations] = [30_000, [0.5, 2, 0, 1]];
    const labels = Int32Array.from({ length: count }, (_, i) => i % 3);
    const activations = Float64Array.from(
      { length: count * 4 },
      (_, i) => 1000 * labels[i >> 2]! + deviations[i & 3]! * random.normal(),
    );
    const fold = createMetricFold({
      context: { classes: ['0', '1', '2'], attributes: [], smoothing: { alpha: 0, convention: 'all' } },
      split: 'test',
      metrics: ['activation-variance', 'activation-variance-ratio'],
    });
    fold.add({ labels, activations });
    const rows = numbers(fold.rows());
    // trace .25 + 4 + 0 + 1; its standard error is √(2 Σσ⁴/n)
    const trace = 5.25;
    expect(Math.abs(rows.get('activation-variance pooled/trace/n-1')! - trace)).toBeLessThan(
      6 * Math.sqrt((2 * 17.0625) / count),
    );
    // centres 0, 1000, 2000 in each of four dimensions: variance 4 · 2/3 · 10⁶ between classes
    expect(rows.get('activation-variance-ratio')! / (trace / ((8 / 3) * 1e6 + trace))).toBeCloseTo(1, 1);
  });

  it('of exact values have exact results', () => {
    const two: MetricContext = { classes: ['0', '1'], attributes: [], smoothing: { alpha: 0.1, convention: 'all' } };
    const fold = createMetricFold({ context: two, split: 'test' });
    // Every example at the optimum of label smoothing: gap ln 19, loss at its floor, no variance.
    const gap = Math.log(19);
    fold.add({
      labels: Int32Array.of(0, 1),
      logits: Float64Array.of(gap, 0, 5, 5 + gap),
      activations: Float64Array.of(1, 3),
    });
    const rows = numbers(fold.rows());
    expect(rows.get('error')).toBe(0);
    expect(rows.get('loss')).toBeCloseTo(-Math.log(0.95), 14);
    expect(rows.get('bound-slack')).toBeCloseTo(0, 14);
    expect(rows.get('output-variance')).toBe(0);
    expect(rows.get('activation-variance')).toBe(0);
    expect(rows.get('activation-variance-ratio')).toBe(0);
  });

  it.each(['all', 'others'] as const)('never find less loss than the bound allows (%s)', (convention) => {
    const random = stream({ seed: 2, purpose: 'data' });
    for (let round = 0; round < 50; round++) {
      const count = 12;
      const fold = createMetricFold({
        context: { ...context, smoothing: { alpha: random.uniform(), convention } },
        split: 'test',
        metrics: ['bound-slack', 'mixup-bound-slack'],
      });
      const labels = Int32Array.from({ length: count }, () => Math.floor(4 * random.uniform()));
      const logits = Float32Array.from({ length: count * 4 }, () => 6 * random.normal());
      fold.add({ labels, logits });
      fold.add({
        labels,
        logits,
        mix: { lambda: Float64Array.from(labels, () => (round % 5) / 4), partnerLabels: labels.toReversed() },
      });
      const rows = fold.rows();
      expect(rows).toHaveLength(2);
      for (const r of rows) expect(r.value).toBeGreaterThan(boundTolerance);
    }
  });

  it('take a NaN logit for an error and let it show', () => {
    const fold = folded({ labels: Int32Array.of(0, 1), logits: Float32Array.of(Number.NaN, 0, 0, 0, 0, 1, 0, 0) });
    const rows = numbers(fold.rows());
    expect(rows.get('error')).toBe(0.5);
    expect(rows.get('loss')).toBeNaN();
    // two classes have examples, one of them a NaN: not averaged away
    expect(rows.get('output-variance')).toBeNaN();
    expect(rows.get('output-variance, class 1')).toBe(0);
  });

  it('refuse arrays that do not fit, by name and value', () => {
    expect(() => folded({ labels: Int32Array.of(0, 4) })).toThrow('labels[1] is 4; there are 4, counted from 0');
    expect(() => folded({ labels: Int32Array.of(0), attributes: Int32Array.of(-2) })).toThrow('attributes[0] is -2');
    expect(() => folded({ labels: Int32Array.of(0), logits: new Float32Array(3) })).toThrow(
      'logits: 3 columns, but 4 classes',
    );
    expect(() => folded({ labels: Int32Array.of(0, 1), activations: new Float32Array(3) })).toThrow(
      'activations: 3 values',
    );
    expect(() => folded(whole, { labels: Int32Array.of(0), activations: new Float32Array(2) })).toThrow(
      'vectors of 2 values after vectors of 6',
    );
    expect(() => createMetricFold({ context, split: 'train', metrics: ['eror'] })).toThrow(
      "metric 'eror' is unknown; there are accuracy-gap",
    );
  });

  it('without an attribute have no group metrics, and the minority only in training', () => {
    const fold = createMetricFold({ context: { ...context, attributes: [] }, split: 'train' });
    fold.add({ labels: whole.labels, logits: whole.logits! });
    expect(
      fold
        .rows()
        .map((r) => r.name)
        .filter((name) => /group|colour|gap|minority/.test(name)),
    ).toEqual([]);
    const test = createMetricFold({ context, split: 'test-random' });
    test.add(whole);
    expect(test.rows().map((r) => r.name)).not.toContain('minority-train-accuracy');
    expect(test.rows().map((r) => r.name)).toContain('follows-colour');
  });
});
