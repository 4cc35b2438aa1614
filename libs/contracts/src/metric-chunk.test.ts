import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeMetricChunk, encodeMetricChunk } from './metric-chunk';

const point = {
  metric: 'error',
  variant: null,
  split: 'test',
  class: null,
  group: null,
  step: 0.5,
  value: 0.25,
  nonFinite: null,
};
const diverged = { ...point, metric: 'loss', value: null, nonFinite: 'NaN' as const };

describe('a metric chunk', () => {
  it('comes back as it went in, non-finite values included', () => {
    expect(decodeMetricChunk(encodeMetricChunk([point, diverged]), 'k')).toEqual([point, diverged]);
  });
  it('is plain gzipped JSON that other tools can read', () => {
    expect(JSON.parse(gunzipSync(encodeMetricChunk([point])).toString())).toEqual([point]);
  });
  it('has no trace of the platform that wrote it', () => {
    expect(encodeMetricChunk([point])[9]).toBe(0xff);
    expect(Buffer.compare(encodeMetricChunk([point]), encodeMetricChunk([point]))).toBe(0);
  });
  it('refuses torn bytes, foreign JSON and a decompression bomb, naming the object', () => {
    const whole = encodeMetricChunk([point]);
    expect(() => decodeMetricChunk(whole.subarray(0, whole.length - 4), 'runs/r/metrics/1-2.chunk')).toThrow(
      /^runs\/r\/metrics\/1-2.chunk: /,
    );
    expect(() => decodeMetricChunk(gzipSync('{"a":1}'), 'k')).toThrow(/not a chunk/);
    expect(() => decodeMetricChunk(gzipSync(Buffer.alloc(65 * 1024 * 1024)), 'k')).toThrow(/not a chunk/);
  });
});
