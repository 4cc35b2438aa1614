import { decodeNumber, objectKeys, sha256Hex } from '@minvar/contracts';
import type { ArtifactRef, MetricValue } from '@minvar/contracts';
import type { ExactRow } from '@minvar/coordination';
import type { ObjectStore } from '@minvar/service-kit';
import { parquetWriteBuffer } from 'hyparquet-writer';

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

/** Rows as a Parquet file; `extra` columns stand in front and repeat nothing: one value a row. */
export function parquetOf(
  rows: readonly MetricRow[],
  extra: readonly { readonly name: string; readonly data: readonly (string | number)[] }[] = [],
): Uint8Array {
  const text = (name: string, data: readonly (string | null)[]) => ({ name, data: [...data], type: 'STRING' as const });
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        ...extra.map(({ name, data }) =>
          typeof data[0] === 'number'
            ? { name, data: [...data], type: 'INT32' as const }
            : text(name, data as string[]),
        ),
        text(
          'split',
          rows.map((r) => r.split),
        ),
        { name: 'epoch', data: rows.map((r) => r.epoch), type: 'DOUBLE' },
        text(
          'selection',
          rows.map((r) => r.selection),
        ),
        text(
          'metric',
          rows.map((r) => r.metric),
        ),
        text(
          'variant',
          rows.map((r) => r.variant),
        ),
        text(
          'class',
          rows.map((r) => r.class),
        ),
        text(
          'group',
          rows.map((r) => r.group),
        ),
        { name: 'value', data: rows.map((r) => r.value), type: 'DOUBLE' },
      ],
    }),
  );
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
