import { describe, expect, it } from 'vitest';
import { dotPlot, ticks } from './dot-plot';

describe('the dot plot', () => {
  it('draws one dot a finite value, one mean an arm, and says the mean', () => {
    const svg = dotPlot('t', [
      {
        title: 'error',
        format: 'percent',
        rows: [
          { label: 'erm', values: [0.1, 0.2, NaN] },
          { label: 'mixup', values: [0.3] },
        ],
      },
    ]);
    expect(svg.match(/<circle/g)).toHaveLength(3);
    expect(svg.match(/<line class="mean/g)).toHaveLength(2);
    expect(svg).toContain('>15 %<');
    expect(svg).not.toMatch(/NaN|Infinity/);
  });
  it('keeps larger values further right', () => {
    const svg = dotPlot('t', [{ title: 'm', format: 'number', rows: [{ label: 'a', values: [1, 2, 5] }] }]);
    const xs = [...svg.matchAll(/cx="([\d.]+)"/g)].map((m) => Number(m[1]));
    expect(xs[1]! > xs[0]! && xs[2]! > xs[1]!).toBe(true);
    // linear: (5 − 1) is four times (2 − 1)
    expect((xs[2]! - xs[0]!) / (xs[1]! - xs[0]!)).toBeCloseTo(4, 2);
  });
  it('survives arms without values, equal values, and names that are markup', () => {
    const svg = dotPlot('<b>', [
      {
        title: 'x',
        format: 'number',
        rows: [
          { label: '<script>', values: [] },
          { label: 'same', values: [3, 3] },
        ],
      },
    ]);
    expect(svg).toContain('&lt;script&gt;');
    expect(svg).toContain('no values');
    expect(svg).not.toMatch(/NaN|Infinity|<script|<b>/);
  });
  it('ticks at round numbers inside the range', () => {
    expect(ticks(0.03, 0.41)).toEqual([0.1, 0.2, 0.3, 0.4]);
    expect(ticks(-1, 9)).toEqual([0, 5]);
  });
});
