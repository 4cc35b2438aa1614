import { stream } from '@minvar/random';
import { describe, expect, it } from 'vitest';
import { drawCropFlip } from './augment';

describe('crop and flip', () => {
  const random = () => stream({ seed: 1, purpose: 'augment', epoch: 2, step: 3 });

  it('draws the same for the same step, from the augment stream only', () => {
    expect(drawCropFlip(8, [32, 32], random())).toEqual(drawCropFlip(8, [32, 32], random()));
  });

  it('moves each image by −4 … 4 and mirrors about half of them', () => {
    const { rows, columns } = drawCropFlip(400, [6, 5], random());
    let mirrored = 0;
    const offsets = new Set<number>();
    for (let i = 0; i < 400; i++) {
      const down = rows[i * 6]!;
      offsets.add(down);
      expect([...rows.subarray(i * 6, i * 6 + 6)]).toEqual([0, 1, 2, 3, 4, 5].map((h) => h + down));
      const step = columns[i * 5 + 1]! - columns[i * 5]!;
      expect(Math.abs(step)).toBe(1);
      if (step === -1) mirrored++;
      const right = columns[i * 5]! - (step === -1 ? 4 : 0);
      expect(Math.abs(right)).toBeLessThanOrEqual(4);
    }
    expect([...offsets].sort((a, b) => a - b)).toEqual([-4, -3, -2, -1, 0, 1, 2, 3, 4]);
    // 5 standard deviations of Binomial(400, ½)
    expect(Math.abs(mirrored - 200)).toBeLessThan(50);
  });
});
