import { describe, expect, it } from 'vitest';
import { formatLogLine, parseLogText } from './run-log';

const at = (ms: number): string => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();

describe('log.txt', () => {
  it('gives back the lines that were written, also those with line breaks and empty ones', () => {
    const lines = [
      { at: at(0), level: 'info', text: 'epoch 1' },
      { at: at(0), level: 'debug', text: '' },
      { at: at(7), level: 'error', text: 'Error: x\n    at y (z:1)\n\nwarn of something' },
      { at: at(8), level: 'warn', text: 'last' },
    ];
    expect(parseLogText(lines.map(formatLogLine).join(''))).toEqual(lines);
  });
  it('is read from its first whole line on, and nothing is read from nothing', () => {
    expect(parseLogText(`f a line\n${at(1)} info whole\n… 12 characters left out …\n`)).toEqual([
      { at: at(1), level: 'info', text: 'whole\n… 12 characters left out …' },
    ]);
    expect(parseLogText('')).toEqual([]);
  });
});
