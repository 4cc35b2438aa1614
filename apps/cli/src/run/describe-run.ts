import type { RunDetailQuery, RunLogTailQuery } from '../graphql/operations.gen';
import { formatSeconds } from '../output/progress';
import { textTable, wrap } from '../output/text-table';

type Run = NonNullable<RunDetailQuery['run']>;
type Log = NonNullable<RunLogTailQuery['run']>['log'];

const number = (v: number | null, nonFinite: string | null): string =>
  v === null ? (nonFinite ?? '–') : String(Number(v.toPrecision(6)));

/** A run on a page: what it is, how it stands, what was measured. */
export function describeRun(run: Run, log: Log, width: number): string {
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
  const out = rows.map(
    ([name, value]) => `${name.padEnd(11)} ${wrap(value, width - 12, '').replaceAll('\n', `\n${indent}`)}`,
  );
  if (run.metrics.length > 0) {
    const left = (label: string) => ({ label, align: 'left' as const });
    out.push(
      '',
      textTable(
        [
          left('metric'),
          left('variant'),
          left('split'),
          { label: 'epoch', align: 'right' },
          { label: 'value', align: 'right' },
        ],
        run.metrics.map((m) => [m.name, m.variant ?? '', m.split, String(m.epoch), number(m.value, m.nonFinite)]),
      ),
    );
  }
  if (log.length > 0) out.push('', ...log.map((l) => `${l.at} ${l.level.padEnd(5)} ${l.text}`));
  return `${out.join('\n')}\n`;
}
