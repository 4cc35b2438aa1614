import { describe, expect, it } from 'vitest';
import golden from './golden/probe.json';
import { probe } from './probe';

const examples = golden.features.map((features, i) => ({
  features,
  target: golden.targets[i]!,
  judged: golden.judged[i]!,
}));

describe('the linear probe', () => {
  it('finds scikit-learn’s optimum and accuracy, with a dimension that does not vary', () => {
    const found = probe(examples, golden.attributes)!;
    expect(found.accuracy).toBe(golden.accuracy);
    expect(found.majority).toBeCloseTo(golden.majority, 12);
    expect(Math.abs(found.loss - golden.loss)).toBeLessThan(1e-6);
  });

  it('has nothing to say without both halves', () => {
    expect(
      probe(
        examples.filter((e) => e.judged),
        golden.attributes,
      ),
    ).toBeNull();
    expect(probe([], golden.attributes)).toBeNull();
  });
});
