import { decodeNumber, objectKeys, sha256Hex } from '@minvar/contracts';
import type { ArtifactRef, MetricValue } from '@minvar/contracts';
import type { ExactRow } from '@minvar/coordination';
import type { ObjectStore } from '@minvar/service-kit';
import { ByteWriter, ParquetWriter, parquetWriteBuffer, schemaFromColumnData } from 'hyparquet-writer';

/** One number, flat: the columns of `results` (interfaces) that a run's measurements fill. */
export interface MetricRow {
  readonly split: string;
  readonly epoch: number;
  readonly selection: string;
  readonly metric: string;
  readonly variant: string | null;
  readonly class: string | null;
  readonly group: string | null;
  readonly value: number;
}

/** Metric values as rows: the whole, then each class, then each group. */
export function metricRows(metrics: readonly MetricValue[], classes: readonly string[]): MetricRow[] {
  return metrics.flatMap((m) => {
    const at = { split: m.split, epoch: m.epoch, selection: m.selection, metric: m.name, variant: m.variant };
    const orNaN = (v: number | null): number => v ?? Number.NaN;
    return [
      { ...at, class: null, group: null, value: decodeNumber(m) },
      ...(m.perClass ?? []).map((v, k) => ({ ...at, class: classes[k] ?? String(k), group: null, value: orNaN(v) })),
      ...(m.perGroup ?? []).map((g) => ({ ...at, class: null, group: g.group, value: orNaN(g.value) })),
    ];
  });
}

/** A Parquet file of metric rows in the making: a row group a call, so that the rows of one run at a time are in memory. */
export interface MetricTable {
  /** `extra` columns stand in front: one value for all rows of the call, the same names in every call */
  readonly add: (rows: readonly MetricRow[], extra?: Readonly<Record<string, string | number>>) => void;
  /** The file; add at least once before. */
  readonly finish: () => Uint8Array;
}

export function createMetricTable(): MetricTable {
  const writer = new ByteWriter();
  let parquet: ParquetWriter | null = null;
  return {
    add: (rows, extra = {}) => {
      const text = (name: 'split' | 'selection' | 'metric' | 'variant' | 'class' | 'group') => ({
        name,
        data: rows.map((r) => r[name]),
        type: 'STRING' as const,
      });
      const number = (name: 'epoch' | 'value') => ({ name, data: rows.map((r) => r[name]), type: 'DOUBLE' as const });
      const columnData = [
        ...Object.entries(extra).map(([name, value]) => ({
          name,
          data: rows.map(() => value),
          type: typeof value === 'number' ? ('INT32' as const) : ('STRING' as const),
        })),
        text('split'),
        number('epoch'),
        ...(['selection', 'metric', 'variant', 'class', 'group'] as const).map(text),
        number('value'),
      ];
      parquet ??= new ParquetWriter({ writer, schema: schemaFromColumnData({ columnData }) });
      void parquet.write({ columnData });
    },
    finish: () => {
      if (!parquet) throw new Error('a table of metrics without a row group: add the rows first');
      void parquet.finish();
      return new Uint8Array(writer.getBuffer());
    },
  };
}

/** Rows as a Parquet file. */
export function parquetOf(rows: readonly MetricRow[]): Uint8Array {
  const table = createMetricTable();
  table.add(rows);
  return table.finish();
}

/** Rows with equal columns as a Parquet file, each column text or numbers as its first value is. */
export function parquetOfRows(rows: readonly Readonly<Record<string, number | string>>[]): Uint8Array {
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: Object.entries(rows[0] ?? {}).map(([name, first]) => ({
        name,
        data: rows.map((r) => r[name]),
        type: typeof first === 'string' ? ('STRING' as const) : ('DOUBLE' as const),
      })),
    }),
  );
}

/** Stores a part of an analysis and answers how to name it. */
export async function storeArtifact(
  store: Pick<ObjectStore, 'put'>,
  analysisId: string,
  path: string,
  kind: string,
  mediaType: string,
  content: Uint8Array,
): Promise<ArtifactRef> {
  const key = `${objectKeys.analysisPrefix(analysisId)}${path}`;
  await store.put(key, content);
  return { name: path.split('/').at(-1)!, kind, mediaType, key, sizeBytes: content.length, sha256: sha256Hex(content) };
}

/** Exact numbers as a Parquet file: problem, arm, quantity, value. */
export function exactTable(rows: readonly ExactRow[]): Uint8Array {
  const flat = rows.flatMap((r) =>
    Object.entries(r.quantities).map(([quantity, value]) => ({ problem: r.problem, arm: r.arm, quantity, value })),
  );
  const text = (name: 'problem' | 'arm' | 'quantity') => ({
    name,
    data: flat.map((r) => r[name]),
    type: 'STRING' as const,
  });
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        text('problem'),
        text('arm'),
        text('quantity'),
        { name: 'value', data: flat.map((r) => r.value), type: 'DOUBLE' },
      ],
    }),
  );
}
