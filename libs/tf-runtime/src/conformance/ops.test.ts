import '../testing/quiet';
import { compatible, elementCount, ops, type OpDefinition } from '@minvar/graph';
import { describe, expect, it } from 'vitest';
import { measure, prepare } from './check-example';
import { expectClose } from './expect-close';

const definitions = Object.values(ops) as readonly OpDefinition[];
const cases = definitions.flatMap((d) =>
  'none' in d.examples
    ? []
    : d.examples.map((example) => ({
        op: d.op,
        title: example.title,
        example,
        differentiate: typeof d.gradient === 'function',
      })),
);

describe.each(cases)('$op, $title', ({ example, differentiate }) => {
  const variants = example.inputs.some((i) => i.batch) ? [false, true] : [false];
  it.each(variants)('agrees with TensorFlow and finite differences (unknown batch: %s)', (unknownBatch) => {
    const prepared = prepare(example, { unknownBatch, differentiate });
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
