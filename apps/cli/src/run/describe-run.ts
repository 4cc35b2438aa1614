import type { RunDetailQuery, RunLogTailQuery } from '../graphql/operations.gen';
import { formatSeconds } from '../output/progress';
import { textTable, wrap } from '../output/text-table';

type Run = NonNullable<RunDetailQuery['run']>;
type Log = NonNullable<RunLogTailQuery['run']>['log'];

const number = (v: number | null, nonFinite: string | null): string =>
  v === null ? (nonFinite ?? '–') : String(Number(v.toPrecision(6)));

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

/** Metrics down, splits across; a metric's variants below it when they are asked for. Several tables where one is too wide. */
function measurements(run: Run, width: number, withVariants: boolean): string[] {
  const shown = run.metrics.filter((m) => withVariants || m.variant === null);
  const hidden = run.metrics.length - shown.length;
  const rows = unique(shown.map((m) => JSON.stringify([m.name, m.variant])));
  const nameOf = (row: string): string => {
    const [name, variant] = JSON.parse(row) as [string, string | null];
    return variant === null ? name : `  ${variant}`;
  };
  const cell = (row: string, split: string): string => {
    const m = shown.find((x) => x.split === split && JSON.stringify([x.name, x.variant]) === row);
    return m ? number(m.value, m.nonFinite) : '';
  };
  const first = Math.max(...rows.map((r) => nameOf(r).length), 'metric'.length);
  const perTable = Math.max(1, Math.floor((width - first) / 15));
  const splits = unique(shown.map((m) => m.split));
  const out: string[] = [];
  for (let k = 0; k < splits.length; k += perTable) {
    const some = splits.slice(k, k + perTable);
    out.push(
      '',
      textTable(
        [{ label: 'metric', align: 'left' }, ...some.map((label) => ({ label, align: 'right' as const }))],
        rows.filter((r) => some.some((s) => cell(r, s) !== '')).map((r) => [nameOf(r), ...some.map((s) => cell(r, s))]),
      ),
    );
  }
  const epochs = unique(shown.map((m) => m.epoch)).join(', ');
  out.push('', `measured at epoch ${epochs}${hidden > 0 ? `; ${hidden} values of variants with --variants` : ''}`);
  return out;
}

/** A run on a page: what it is, how it stands, what was measured. Lines for debugging are left out of the log. */
export function describeRun(
  run: Run,
  log: Log,
  width: number,
  { variants = false }: { readonly variants?: boolean } = {},
): string {
  const rows: [string, string][] = [
    ['run', run.id],
    ['state', run.state === 'RUNNING' ? `RUNNING, ${(100 * run.progress).toFixed(0)} %` : run.state],
    ['method', `${run.method}, seed ${run.seed}`],
    ['model', run.model],
    ['data', `${run.dataset.name}@${run.dataset.version}`],
    ['experiment', run.memberships.map((m) => `${m.experiment} ${m.preset} (${m.cell})`).join('; ') || 'none'],
    ['attempt', `${run.attempt}, term ${run.term}`],
    ...(run.startedAt && run.finishedAt
      ? [['time', formatSeconds((Date.parse(run.finishedAt) - Date.parse(run.startedAt)) / 1000)] as [string, string]]
      : []),
    ...(run.cancelRequested ? [['cancel', 'requested'] as [string, string]] : []),
    ...(run.numericsChanged
      ? [['numerics', 'parts were computed by another build or machine'] as [string, string]]
      : []),
    ...(run.failure ? [['failure', `${run.failure.kind}: ${run.failure.message}`] as [string, string]] : []),
    ...run.signs.map((s): [string, string] => [
      'sign',
      `${s.name}${s.epoch === null ? '' : ` at epoch ${s.epoch}`}: ${s.because}`,
    ]),
    ['spec', JSON.stringify(run.spec)],
    ['again', run.reproduce],
  ];
  const indent = ' '.repeat(12);
  // a command line is there to be copied: no line of ours breaks it
  const out = rows.map(
    ([name, value]) =>
      `${name.padEnd(11)} ${name === 'again' ? value : wrap(value, width - 12, '').replaceAll('\n', `\n${indent}`)}`,
  );
  if (run.metrics.length > 0) out.push(...measurements(run, width, variants));
  const lines = log.filter((l) => l.level !== 'debug' && l.level !== 'trace');
  if (lines.length > 0) out.push('', ...lines.map((l) => `${l.at} ${l.level.padEnd(5)} ${l.text}`));
  return `${out.join('\n')}\n`;
}
