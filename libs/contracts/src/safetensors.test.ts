import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors } from './safetensors';

// Made by the reference implementation: src/golden/safetensors.py
const reference = new Uint8Array(
  Buffer.from(readFileSync(new URL('golden/safetensors.b64', import.meta.url), 'utf8'), 'base64'),
);

const tensors = {
  'fc.weight': { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, -0, 1e-30) },
  'bn1.num_batches_tracked': { shape: [], data: BigInt64Array.of(7n) },
  labels: { shape: [3], data: Int32Array.of(1, 2, -3) },
  mask: { shape: [3], data: Uint8Array.of(0, 255, 1) },
};
const plain = (file: Record<string, { shape: readonly number[]; data: ArrayLike<unknown> }>): unknown =>
  Object.fromEntries(Object.entries(file).map(([name, t]) => [name, { shape: t.shape, data: Array.from(t.data) }]));

describe('safetensors', () => {
  it('reads what the reference implementation wrote', () => {
    expect(plain(decodeSafetensors(reference, 'reference'))).toEqual(plain(tensors));
  });

  it('writes the same bytes as the reference implementation', () => {
    expect(encodeSafetensors(tensors)).toEqual(reference);
  });

  it('reads back any tensors it wrote', () => {
    const tensor = fc
      .array(fc.nat(4), { maxLength: 3 })
      .chain((shape) =>
        fc
          .float32Array({ minLength: shape.reduce((a, b) => a * b, 1), maxLength: shape.reduce((a, b) => a * b, 1) })
          .map((data) => ({ shape, data })),
      );
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string({ minLength: 1 }).filter((n) => n !== '__metadata__' && n !== '__proto__'),
          tensor,
        ),
        (file) => {
          expect(plain(decodeSafetensors(encodeSafetensors(file), 'property'))).toEqual(plain(file));
        },
      ),
      { numRuns: 50 },
    );
  });

  it('never reads outside a damaged file and says where it came from', () => {
    const bytes = encodeSafetensors(tensors);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), (at, value, cut) => {
        const damaged = cut ? bytes.slice(0, at) : bytes.slice();
        if (!cut) damaged[at] = value;
        try {
          decodeSafetensors(damaged, 'w.safetensors');
        } catch (error) {
          expect((error as Error).message).toMatch(/^w\.safetensors: not a safetensors file/);
        }
      }),
      { numRuns: 300 },
    );
    expect(() => decodeSafetensors(bytes.slice(0, -1), 'w')).toThrow('of data');
  });

  it('refuses values that do not fill their shape', () => {
    expect(() => encodeSafetensors({ w: { shape: [2, 2], data: new Float32Array(3) } })).toThrow("'w' has 3 values");
  });
});
