import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { metricPoint } from './metric-value';
import type { MetricPoint } from './metric-value';

/** Largest chunk accepted on reading, decompressed: 64 MiB, some 400,000 points. */
const maxBytes = 64 * 1024 * 1024;
const points = z.array(metricPoint);

/**
 * A chunk of a run's metric series (`runs/<id>/metrics/<term>-<step>.chunk`): the gzipped UTF-8 JSON of an array of points, in
 * the order in which they were measured. The same points give the same bytes, so a chunk that is written twice is one chunk.
 */
export function encodeMetricChunk(batch: readonly MetricPoint[]): Uint8Array {
  const bytes = gzipSync(JSON.stringify(points.parse(batch)), { level: 6 });
  bytes[9] = 0xff; // RFC 1952 "unknown operating system": zlib writes the platform's code there
  return bytes;
}

/** The points of a chunk. Throws when the bytes are no chunk, naming `from` (an object key). */
export function decodeMetricChunk(bytes: Uint8Array, from: string): MetricPoint[] {
  try {
    return points.parse(JSON.parse(gunzipSync(bytes, { maxOutputLength: maxBytes }).toString('utf8')));
  } catch (cause) {
    throw new Error(
      `${from}: not a chunk of metric points (${(cause as Error).message.slice(0, 200)}); restore the object or delete the run`,
      { cause },
    );
  }
}
