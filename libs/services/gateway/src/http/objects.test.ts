import { describe, expect, it } from 'vitest';
import { parseRange } from './objects';

describe('a range of bytes (RFC 9110, section 14.1.2)', () => {
  it.each([
    [undefined, null],
    ['bytes=0-499', { start: 0, end: 499 }],
    ['bytes=9500-', { start: 9500, end: 9999 }],
    ['bytes=-500', { start: 9500, end: 9999 }],
    ['bytes=-20000', { start: 0, end: 9999 }],
    ['bytes=9999-20000', { start: 9999, end: 9999 }],
    ['bytes=10000-', 'outside'],
    ['bytes=-0', 'outside'],
    // Not one range that can be read: the whole object is the answer.
    ['bytes=500-400', null],
    ['bytes=0-1,5-6', null],
    ['lines=1-2', null],
    ['bytes=-', null],
  ])('%s of 10,000 bytes', (header, expected) => {
    expect(parseRange(header, 10_000)).toEqual(expected);
  });
});
