import type { TableColumn } from '@minvar/coordination';
import { textTable, wrap } from '../output/text-table';
import type { ExperimentResults } from './experiment-document';
import type { ResultTable, Summary } from './result-table';

const significant = (x: number): string =>
  x === 0 ? '0' : Math.abs(x) >= 1e-3 && Math.abs(x) < 1e5 ? String(Number(x.toPrecision(4))) : x.toExponential(3);

/** `52.4 ± 3.1` in per cent or in the metric's own unit; `–` where nothing was measured. */
export function formatSummary(s: Summary, format: TableColumn['format'], plusMinus = '±'): string {
  if (s.mean === null) return '–';
  const show = format === 'percent' ? (x: number) => (100 * x).toFixed(1) : significant;
  if (s.half === null) return show(s.mean);
  // Seeds that agree differ by the rounding of a sum.
  const halfWidth = s.half <= 1e-12 * Math.abs(s.mean) ? 0 : s.half;
  const half = format === 'percent' ? (100 * halfWidth).toFixed(1) : String(Number(halfWidth.toPrecision(2)));
  return `${show(s.mean)} ${plusMinus} ${half}`;
}

export const columnLabel = (c: TableColumn): string => (c.format === 'percent' ? `${c.label} %` : c.label);

const seedsOf = (row: ResultTable['rows'][number]): string =>
  row.succeeded === row.runs ? String(row.runs) : `${row.succeeded} of ${row.runs}`;

/** Six digits; what is nothing but the rounding of an exact zero is one. */
const exactNumber = (v: number | undefined): string =>
  v === undefined ? '–' : Math.abs(v) < 1e-14 ? '0' : Number.isFinite(v) ? String(Number(v.toPrecision(6))) : String(v);

/** Problem by problem: a header line with the quantities' names, a line an arm. */
export function exactTables(
  table: ResultTable,
): { problem: string; names: string[]; rows: { arm: string; values: string[] }[] }[] {
  const problems = [...new Set(table.exact.map((r) => r.problem))];
  return problems.map((problem) => {
    const mine = table.exact.filter((r) => r.problem === problem);
    const names = [...new Set(mine.flatMap((r) => Object.keys(r.quantities)))];
    const rows = mine.map((r) => ({ arm: r.arm, values: names.map((n) => exactNumber(r.quantities[n])) }));
    return { problem, names, rows };
  });
}

/** The table for a terminal: methods × conditions, exact numbers, verdicts with their reasons, notes. */
export function formatResultText(results: ExperimentResults, table: ResultTable, width: number): string {
  const out: string[] = [`${results.experiment.title} (${results.experiment.name}, ${results.preset})`, ''];
  if (table.rows.length > 0) {
    const conditions = table.rows.some((r) => r.condition !== '');
    out.push(
      textTable(
        [
          ...(conditions ? [{ label: 'condition', align: 'left' as const }] : []),
          { label: 'method', align: 'left' },
          ...table.columns.map((c) => ({ label: columnLabel(c), align: 'right' as const })),
          { label: 'seeds', align: 'right' },
        ],
        table.rows.map((row, i) => [
          ...(conditions ? [table.rows[i - 1]?.condition === row.condition ? '' : row.condition] : []),
          row.method,
          ...row.cells.map((s, j) => formatSummary(s, table.columns[j]!.format)),
          seedsOf(row),
        ]),
      ),
      '',
      'mean ± half of the 95 % interval over seeds, last epoch',
      '',
    );
  }
  for (const { problem, names, rows } of exactTables(table)) {
    out.push(
      `exact: ${problem}`,
      '',
      textTable(
        [{ label: 'method', align: 'left' }, ...names.map((label) => ({ label, align: 'right' as const }))],
        rows.map((r) => [r.arm, ...r.values]),
      ),
      '',
    );
  }
  for (const c of table.claims) {
    out.push(wrap(`claim ${c.id}: ${c.verdict.replaceAll('_', ' ')}. ${c.text}`, width, '  '));
    // one endpoint a line
    out.push(
      ...c.because.split('; ').map((part, k) => wrap(`${k === 0 ? '  because ' : '    '}${part}`, width, '      ')),
    );
  }
  if (table.notes.length > 0) out.push('', ...table.notes.map((n) => wrap(`note: ${n}`, width, '  ')));
  return `${out.join('\n').trimEnd()}\n`;
}

export function formatResultMarkdown(results: ExperimentResults, table: ResultTable): string {
  const escape = (s: string) => s.replaceAll('|', '\\|');
  const grid = (head: string[], rows: string[][]) =>
    [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows]
      .map((r) => `| ${r.map(escape).join(' | ')} |`)
      .join('\n');
  const blocks = [`### ${results.experiment.title} (\`${results.experiment.name}\`, ${results.preset})`];
  if (table.rows.length > 0) {
    blocks.push(
      grid(
        ['method', ...table.columns.map(columnLabel), 'seeds'],
        table.rows.map((r) => [
          r.condition ? `${r.method}, ${r.condition}` : r.method,
          ...r.cells.map((s, j) => formatSummary(s, table.columns[j]!.format)),
          seedsOf(r),
        ]),
      ),
      'Mean ± half of the 95 % interval over seeds, last epoch.',
    );
  }
  for (const { problem, names, rows } of exactTables(table))
    blocks.push(
      grid(
        [`exact: ${problem}`, ...names],
        rows.map((r) => [r.arm, ...r.values]),
      ),
    );
  blocks.push(
    table.claims
      .map((c) => `- Claim ${c.id}: **${c.verdict.replaceAll('_', ' ')}** (${c.text}) because ${c.because}`)
      .join('\n'),
  );
  if (table.notes.length > 0) blocks.push(table.notes.map((n) => `- ${n}`).join('\n'));
  return `${blocks.filter(Boolean).join('\n\n')}\n`;
}

const latexSpecial: Record<string, string> = {
  '\\': '\\textbackslash{}',
  '&': '\\&',
  '%': '\\%',
  $: '\\$',
  '#': '\\#',
  _: '\\_',
  '{': '\\{',
  '}': '\\}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
};
const latexSymbols: Record<string, string> = {
  '±': '$\\pm$',
  '–': '--',
  '−': '$-$',
  '’': "'",
  '·': '$\\cdot$',
  '²': '$^2$',
  '‖': '$\\|$',
  '∞': '$\\infty$',
  '→': '$\\to$',
  '×': '$\\times$',
  '≤': '$\\le$',
  '≥': '$\\ge$',
  σ: '$\\sigma$',
  α: '$\\alpha$',
  β: '$\\beta$',
  γ: '$\\gamma$',
  τ: '$\\tau$',
  λ: '$\\lambda$',
  Σ: '$\\Sigma$',
  Δ: '$\\Delta$',
  μ: '$\\mu$',
  ρ: '$\\rho$',
};
const latex = (s: string): string =>
  s
    .replace(/[\\&%$#_{}~^]/g, (c) => latexSpecial[c]!)
    .replace(/[^\x20-\x7e]/gu, (c) => latexSymbols[c] ?? c)
    // a minus, not a hyphen, before a number
    .replace(/(?<![\w.])-(?=\d)/g, '$-$');

/** A `table` environment for booktabs. */
export function formatResultLatex(results: ExperimentResults, table: ResultTable): string {
  const tabular = (head: string[], rows: string[][]) =>
    [
      `\\begin{tabular}{l${'r'.repeat(head.length - 1)}}`,
      '\\toprule',
      `${head.map(latex).join(' & ')} \\\\`,
      '\\midrule',
      ...rows.map((r) => `${r.map(latex).join(' & ')} \\\\`),
      '\\bottomrule',
      '\\end{tabular}',
    ].join('\n');
  const parts: string[] = [];
  if (table.rows.length > 0) {
    parts.push(
      tabular(
        ['method', ...table.columns.map(columnLabel)],
        table.rows.map((r) => [
          r.condition ? `${r.method}, ${r.condition}` : r.method,
          ...r.cells.map((s, j) => formatSummary(s, table.columns[j]!.format)),
        ]),
      ),
    );
  }
  for (const { problem, names, rows } of exactTables(table))
    parts.push(
      tabular(
        [`exact: ${problem}`, ...names],
        rows.map((r) => [r.arm, ...r.values]),
      ),
    );
  const seeds = table.rows.length > 0 ? ' Mean $\\pm$ half of the 95\\,\\% interval over seeds, last epoch.' : '';
  const notes = table.notes.map((n) => ` ${latex(n)}.`).join('');
  return [
    '\\begin{table}',
    '\\centering',
    parts.join('\n\n\\medskip\n'),
    `\\caption{${latex(results.experiment.title)}, preset ${latex(results.preset)}.${seeds}${notes}}`,
    '\\end{table}',
    '',
  ].join('\n');
}
