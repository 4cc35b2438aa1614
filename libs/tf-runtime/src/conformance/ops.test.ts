import '../testing/quiet';
import { compatible, elementCount, ops, type Example, type OpDefinition } from '@minvar/graph';
import { describe, expect, it } from 'vitest';
import { measure, prepare } from './check-example';

const definitions = Object.values(ops) as readonly OpDefinition[];
const cases = definitions.flatMap((d) =>
  'none' in d.examples ? [] : d.examples.map((example) => ({ op: d.op, title: example.title, example })),
);

/** |a − b| relative to the largest slope: 1e-7 in float64, 1e-2 along directions in float32. */
function expectClose(analytic: readonly number[], numeric: readonly number[], example: Example): void {
  const scale = Math.max(1e-3, ...analytic.map(Math.abs), ...numeric.map(Math.abs));
  const tolerance = (example.precision === 'float32' ? 3e-3 : 1e-7) * scale;
  const worst = Math.max(...analytic.map((a, i) => Math.abs(a - numeric[i]!)));
  expect(
    { worst: worst <= tolerance ? 'within tolerance' : worst, analytic, numeric },
    `derivatives differ by ${worst}`,
  ).toMatchObject({ worst: 'within tolerance' });
}

describe.each(cases)('$op, $title', ({ op, example }) => {
  const variants = example.inputs.some((i) => i.batch) ? [false, true] : [false];
  it.each(variants)('agrees with TensorFlow and finite differences (unknown batch: %s)', (unknownBatch) => {
    const prepared = prepare(op, example, unknownBatch);
    const { shapes, values, slopes } = measure(example, prepared);
    shapes.forEach((shape, k) => {
      const inferred = prepared.outputs[k]!.shape;
      expect(
        compatible(inferred, shape),
        `inferred ${JSON.stringify(inferred)}, TensorFlow has ${JSON.stringify(shape)}`,
      ).toBe(true);
      if (!unknownBatch && !example.shapeFromFeed) expect(inferred).toEqual(shape);
      expect(values[k]).toHaveLength(elementCount(shape)!);
    });
    for (const { position, shape, analytic, numeric } of slopes) {
      expect(shape).toEqual(example.inputs[position]!.shape);
      expect(
        analytic.some((a) => a !== 0),
        'an example whose derivative is 0 everywhere proves nothing',
      ).toBe(true);
      expectClose(analytic, numeric, example);
    }
  });
});

describe('the registry of ops', () => {
  it.each(definitions)('$op states a gradient or why it has none, and examples or why it has none', (d) => {
    if (typeof d.gradient !== 'function') expect(Object.values(d.gradient)[0]).toMatch(/\w{3}/);
    if ('none' in d.examples) expect(d.examples.none).toMatch(/\w{3}/);
    else expect(d.examples.length).toBeGreaterThan(0);
    // A rule that no example exercises would be unproved.
    if (typeof d.gradient === 'function') expect('none' in d.examples).toBe(false);
  });
});
