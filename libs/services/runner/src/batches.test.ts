import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clipped, inBatches } from './batches';

describe('batches for messages', () => {
  it('keep every item in order and stay under 256 KB', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60_000 }), { maxLength: 40 }), (sizes) => {
        const items = sizes.map((n, i) => `${i}${'x'.repeat(n)}`);
        const batches = inBatches(items);
        expect(batches.flat()).toEqual(items);
        for (const b of batches) expect(Buffer.byteLength(JSON.stringify(b))).toBeLessThan(256 * 1024 - 4096);
      }),
      { numRuns: 30 },
    );
  });

  it('refuse an item that fits into no message', () => {
    expect(() => inBatches(['x'.repeat(300_000)])).toThrow(/does not fit/);
  });

  it('take a line of any length, cut to what fits, and leave others as they are', () => {
    const line = { at: '', level: 'debug', text: '\u0001'.repeat(1_000_000) };
    const [[cut]] = inBatches([clipped(line)]) as [[typeof line]];
    expect(cut.text).toMatch(/ … 984000 characters more in log\.txt$/);
    const short = { ...line, text: 'epoch 1' };
    expect(clipped(short)).toBe(short);
  });
});
