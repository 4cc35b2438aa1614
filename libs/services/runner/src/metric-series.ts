import type { ChunkRef, MetricPoint } from '@minvar/contracts';
import { decodeMetricChunk, encodeMetricChunk, objectKeys, sha256Hex } from '@minvar/contracts';
import type { ObjectStore } from '@minvar/service-kit';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { Broken } from './persist';
import { readBytes, uploadBytes } from './store-io';

/**
 * The durable series of one run under one owner: points collect until a checkpoint or the end turns them into a chunk.
 * Only chunks that a published manifest names count, so points of a replaced owner never do.
 */
export interface MetricSeries {
  readonly add: (points: readonly MetricPoint[]) => void;
  /** Stores what was added since the last cut; answers all chunks so far. `part` tells two cuts at one step apart. */
  readonly cut: (term: number, step: number, part?: string) => Promise<readonly ChunkRef[]>;
  readonly chunks: () => readonly ChunkRef[];
}

export function createMetricSeries(store: ObjectStore, runId: string, from: readonly ChunkRef[]): MetricSeries {
  let chunks = from;
  let open: MetricPoint[] = [];
  return {
    add: (points) => void open.push(...points),
    chunks: () => chunks,
    cut: async (term, step, part) => {
      if (open.length === 0) return chunks;
      const cut = open;
      const bytes = encodeMetricChunk(cut);
      const key = objectKeys.metricChunk(runId, term, step, part);
      await uploadBytes(store, key, bytes);
      open = open.slice(cut.length);
      chunks = [...chunks, { key, sha256: sha256Hex(bytes), points: cut.length }];
      return chunks;
    },
  };
}

/** All points of a finished series as one Parquet file, for notebooks: one row a point, in the order of measurement. */
export async function seriesAsParquet(store: ObjectStore, chunks: readonly ChunkRef[]): Promise<Uint8Array> {
  const points: MetricPoint[] = [];
  for (const chunk of chunks) {
    const found = await readBytes(store, chunk.key);
    if (!found) throw new Broken(`${chunk.key} is not in the store`);
    points.push(...decodeMetricChunk(found.bytes, chunk.key));
  }
  const texts = ['metric', 'variant', 'split', 'class', 'group'] as const;
  const value = (p: MetricPoint): number => p.value ?? Number(p.nonFinite ?? 'NaN');
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        ...texts.map((name) => ({ name, data: points.map((p) => p[name]), type: 'STRING' as const, nullable: true })),
        { name: 'epoch', data: points.map((p) => p.step), type: 'DOUBLE' },
        { name: 'value', data: points.map(value), type: 'DOUBLE' },
      ],
    }),
  );
}
