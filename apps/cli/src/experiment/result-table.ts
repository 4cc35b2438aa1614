import type { ExperimentDefinition, TableColumn } from '@minvar/coordination';
import { studentCritical } from '@minvar/metrics';
import type { ExperimentResults, ResultRun } from './experiment-document';
import { metricsOf } from './experiment-document';

export interface Summary {
  /** seeds with a finite value */
  readonly n: number;
  readonly mean: number | null;
  /** half the width of the 95 % t interval over seeds; null for n < 2 */
  readonly half: number | null;
}

export interface ResultRow {
  readonly condition: string;
  readonly method: string;
  readonly cells: readonly Summary[];
  readonly succeeded: number;
  readonly runs: number;
}

export interface ResultTable {
  readonly columns: readonly TableColumn[];
  readonly rows: readonly ResultRow[];
  /** exact numbers of theory that belong to the experiment */
  readonly exact: readonly {
    readonly problem: string;
    readonly arm: string;
    readonly quantities: Readonly<Record<string, number>>;
  }[];
  readonly claims: readonly {
    readonly id: string;
    readonly text: string;
    readonly verdict: string;
    readonly because: string;
  }[];
  /** what a reader must know: data that is not the official file, runs that failed */
  readonly notes: readonly string[];
}

/** Mean and half width of the 95 % t interval; values that are not finite are left out and `n` says so. */
export function summarise(values: readonly (number | null)[]): Summary {
  const finite = values.filter((v): v is number => v !== null && Number.isFinite(v));
  const n = finite.length;
  if (n === 0) return { n, mean: null, half: null };
  const mean = finite.reduce((a, b) => a + b, 0) / n;
  if (n === 1) return { n, mean, half: null };
  const variance = finite.reduce((a, b) => a + (b - mean) ** 2, 0) / (n - 1);
  return { n, mean, half: studentCritical(0.05, n - 1) * Math.sqrt(variance / n) };
}

const valueOf = (run: ResultRun, c: TableColumn): number | null =>
  metricsOf(run).find(
    (m) =>
      m.selection === 'last' &&
      m.name === c.metric &&
      (m.variant ?? null) === (c.variant ?? null) &&
      m.split === c.split,
  )?.value ?? null;

const fallback: readonly TableColumn[] = [
  { label: 'test error', metric: 'error', variant: null, split: 'test', format: 'percent' },
];

/** The rows of an experiment's preset: one a cell of its grid, in the grid's order. */
export function resultTable(
  { experiment, preset, runs }: ExperimentResults,
  definition: ExperimentDefinition | null,
): ResultTable {
  const columns = definition?.columns ?? fallback;
  const cellOf = (r: ResultRun) =>
    r.memberships.find((m) => m.experiment === experiment.name && m.preset === preset)?.cell ?? '';
  const cells = definition?.presets[preset.split('+')[0]!]?.cells ?? [];
  const names = [...new Set([...cells.map((c) => c.name), ...runs.map(cellOf)])].filter((name) =>
    runs.some((r) => cellOf(r) === name),
  );
  const rows = names.map((name) => {
    const cell = cells.find((c) => c.name === name);
    const mine = runs.filter((r) => cellOf(r) === name);
    const succeeded = mine.filter((r) => r.state === 'SUCCEEDED');
    return {
      condition: cell?.condition ?? '',
      method: cell?.arm ?? name,
      cells: columns.map((c) => summarise(succeeded.map((r) => valueOf(r, c)))),
      succeeded: succeeded.length,
      runs: mine.length,
    };
  });
  const data = new Map(runs.map((r) => [`${r.dataset.name}@${r.dataset.version}`, r.dataset]));
  const failed = runs.filter((r) => r.state !== 'SUCCEEDED');
  const kinds = [...new Set(failed.map((r) => r.failure?.kind ?? r.state))].join(', ');
  return {
    columns,
    rows,
    exact: definition?.exact?.(preset.split('+')[0]!).rows ?? [],
    claims: experiment.claims,
    notes: [
      ...[...data].flatMap(([name, d]) =>
        d.note ? [`${name}: ${d.note}`] : d.official ? [] : [`${name}: not the official files`],
      ),
      ...(failed.length > 0
        ? [`${failed.length} of ${runs.length} runs did not succeed (${kinds}) and are left out`]
        : []),
    ],
  };
}
