import { describe, expect, it } from 'vitest';
import { createProgress, formatBytes, formatSeconds } from './progress';

describe('progress', () => {
  it('draws a bar with rate and time left on a terminal', () => {
    let [text, t] = ['', 0];
    const progress = createProgress({ isTerminal: true, columns: 100, write: (s) => (text = s) }, () => t);
    progress.update({ label: 'mnist: download', done: 0, total: 10e6, unit: 'bytes' });
    t = 5;
    progress.update({ label: 'mnist: download', done: 5e6, total: 10e6, unit: 'bytes' });
    expect(text).toContain('5.0 MB/10.0 MB, 1.0 MB/s, ETA 5 s');
    expect(text).toContain('█'.repeat(12) + '░'.repeat(12));
  });

  it('writes plain lines elsewhere, one a finished run', () => {
    const lines: string[] = [];
    let t = 0;
    const progress = createProgress({ isTerminal: false, columns: 100, write: (s) => lines.push(s) }, () => t);
    for (const done of [0, 0.5, 0.9, 1, 1.5, 2]) {
      progress.update({ label: 'x quick', done, total: 2, unit: 'runs' });
      t += 30;
    }
    expect(lines).toEqual([
      'x quick: 0/2 runs\n',
      'x quick: 1/2 runs, 0.7 runs/min, ETA 1:30\n',
      'x quick: 2/2 runs, 0.8 runs/min\n',
    ]);
  });

  it('says times and sizes as people do', () => {
    expect([9, 245, 3723].map(formatSeconds)).toEqual(['9 s', '4:05', '1:02:03']);
    expect([999, 1500, 274e6].map(formatBytes)).toEqual(['999 B', '1.5 kB', '274 MB']);
  });
});
