import type { Feed } from '../session';

export type StepFeeds = Readonly<Record<string, number | Float32Array | Int32Array>>;

/** What several steps are fed, one after the other along a first axis. All steps feed the same names, with equally many elements. */
export function stackFeeds(steps: readonly StepFeeds[]): Readonly<Record<string, Feed>> {
  const [first] = steps;
  if (!first) throw new Error('stackFeeds: there is no step to feed');
  return Object.fromEntries(Object.keys(first).map((name) => [name, stacked(steps.map((s) => s[name]!))]));
}

function stacked(values: readonly StepFeeds[string][]): Float32Array | Int32Array {
  const [first] = values;
  if (typeof first === 'number') return Float32Array.from(values as readonly number[]);
  const { length } = first!;
  const to =
    first instanceof Int32Array ? new Int32Array(values.length * length) : new Float32Array(values.length * length);
  (values as readonly (Float32Array | Int32Array)[]).forEach((v, i) => to.set(v, i * length));
  return to;
}
