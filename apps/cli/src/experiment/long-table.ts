import type { ExperimentResults, ResultRun } from './experiment-document';
import { metricsOf } from './experiment-document';

/** One number a row. `class` and `group` are empty for the value over all examples. */
export interface LongRow {
  readonly experiment: string;
  readonly preset: string;
  readonly run_id: string;
  readonly dataset: string;
  readonly dataset_version: string;
  readonly model: string;
  readonly method: string;
  readonly seed: number;
  readonly split: string;
  readonly epoch: number;
  readonly selection: string;
  readonly metric: string;
  readonly variant: string | null;
  readonly class: string | null;
  readonly group: string | null;
  /** NaN and ±Infinity are kept as such */
  readonly value: number | null;
}

export const longColumns = [
  'experiment',
  'preset',
  'run_id',
  'dataset',
  'dataset_version',
  'model',
  'method',
  'seed',
  'split',
  'epoch',
  'selection',
  'metric',
  'variant',
  'class',
  'group',
  'value',
] as const satisfies readonly (keyof LongRow)[];

function rowsOf(run: ResultRun, experiment: string, preset: string): LongRow[] {
  const at = {
    experiment,
    preset,
    run_id: run.id,
    dataset: run.dataset.name,
    dataset_version: run.dataset.version,
    model: run.model,
    method: run.method,
    seed: run.seed,
  };
  return metricsOf(run).flatMap((m) => {
    const base = { ...at, split: m.split, epoch: m.epoch, selection: m.selection, metric: m.name, variant: m.variant };
    const value = m.value ?? (m.nonFinite ? Number(m.nonFinite) : null);
    return [
      { ...base, class: null, group: null, value },
      ...(m.perClass ?? []).map((v, k) => ({ ...base, class: String(k), group: null, value: v })),
      ...(m.perGroup ?? []).map((g) => ({ ...base, class: null, group: g.group, value: g.value })),
    ];
  });
}

export const longRows = ({ experiment, preset, runs }: ExperimentResults): LongRow[] =>
  runs.flatMap((r) => rowsOf(r, experiment.name, preset));

const csvCell = (v: string | number | null): string => {
  const text = v === null ? '' : String(v);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** RFC 4180 with a header line, but lines end as those of other text here do; numbers with all their digits. */
export const formatCsv = (rows: readonly LongRow[]): string =>
  [longColumns.join(','), ...rows.map((r) => longColumns.map((c) => csvCell(r[c])).join(','))]
    .map((l) => `${l}\n`)
    .join('');

const types = { seed: 'INT32', epoch: 'DOUBLE', value: 'DOUBLE' } as const;

export async function formatParquet(rows: readonly LongRow[]): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  const buffer = parquetWriteBuffer({
    columnData: longColumns.map((name) => ({
      name,
      data: rows.map((r) => r[name]),
      type: name in types ? types[name as keyof typeof types] : 'STRING',
      nullable: ['variant', 'class', 'group', 'value'].includes(name),
    })),
  });
  return new Uint8Array(buffer);
}
