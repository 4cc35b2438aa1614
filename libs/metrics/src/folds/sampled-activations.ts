import { defineFold } from './define-fold';

/** Examples kept at most: enough for a probe, too few to cost. */
export const mostSampled = 1000;

export interface SampledExample {
  /** of its own content: decides whether it is kept, and to which half it belongs */
  readonly hash: number;
  readonly attribute: number;
  readonly activations: Float32Array | Float64Array;
}

/** A random sample of the examples that have an attribute: those with the smallest hashes, so that order, cutting and merging do not matter. */
export interface SampledActivations {
  readonly attributes: number;
  examples: SampledExample[];
}

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/** FNV-1a over words, finished as MurmurHash3 finishes, 32 bits. */
function hashOf(values: Float32Array | Float64Array, label: number, attribute: number): number {
  let hash = 0x811c9dc5 ^ Math.imul(label + 1, 0x9e3779b1) ^ Math.imul(attribute + 1, 0x85ebca6b);
  for (let i = 0; i < values.length; i++) {
    float[0] = values[i]!;
    hash = Math.imul(hash ^ bits[0]!, 0x01000193);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function prune(s: SampledActivations): void {
  s.examples.sort((a, b) => a.hash - b.hash);
  s.examples = s.examples.slice(0, mostSampled);
}

export const sampledActivations = defineFold<SampledActivations>({
  create: ({ attributes }) => ({ attributes: attributes.length, examples: [] }),
  add: (s, { n, labels, attributes, activations, width, mix }) => {
    if (!activations || !attributes || mix) return;
    for (let i = 0; i < n; i++) {
      if (attributes[i]! < 0) continue;
      const own = activations.subarray(i * width, (i + 1) * width);
      s.examples.push({
        hash: hashOf(own, labels[i]!, attributes[i]!),
        attribute: attributes[i]!,
        activations: own.slice(),
      });
      if (s.examples.length >= 2 * mostSampled) prune(s);
    }
    prune(s);
  },
  merge: (a, b) => {
    a.examples = [...a.examples, ...b.examples];
    prune(a);
  },
  seen: (s) => s.examples.length > 0,
});
