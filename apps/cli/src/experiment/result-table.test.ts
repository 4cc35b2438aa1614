import { defineExperiment } from '@minvar/coordination';
import { experiments } from '@minvar/experiments';
import { describe, expect, it } from 'vitest';
import type { ExperimentResults, ResultRun } from './experiment-document';
import { exactTables, formatResultLatex, formatResultMarkdown, formatResultText, formatSummary } from './format-table';
import { formatCsv, formatParquet, longColumns, longRows } from './long-table';
import { resultTable, summarise } from './result-table';
import { parquetReadObjects } from 'hyparquet';

const spec = { data: { name: 'mnist' }, model: { name: 'linear' }, method: { name: 'erm' }, epochs: 1 };
const definition = defineExperiment({
  name: 'example',
  title: 'An example',
  description: '',
  claims: [{ id: '4', text: 'LS & Mixup follow_the colour more.', source: 'x' }],
  presets: {
    quick: {
      name: 'quick',
      description: '',
      firstSeed: 100,
      seeds: 3,
      cells: ['erm', 'mixup'].map((arm) => ({ name: `${arm}, jitter 0`, condition: 'jitter 0', arm, spec })),
    },
  },
  endpoints: () => [],
  columns: [{ label: 'error', metric: 'error', variant: null, split: 'test', format: 'percent' }],
});

const measured = (value: number | null, nonFinite: string | null = null) => ({
  name: 'error',
  variant: null,
  split: 'test',
  epoch: 2,
  selection: 'last',
  value,
  nonFinite,
  perClass: [0.1, 0.2],
  perGroup: [{ group: '0/red', count: 3, value: 0.5 }],
});
const run = (arm: string, seed: number, value: number | null, state = 'SUCCEEDED'): ResultRun =>
  ({
    id: `run_${arm}_${seed}`,
    method: arm,
    model: 'linear',
    seed,
    state,
    spec,
    startedAt: null,
    finishedAt: null,
    memberships: [{ experiment: 'example', preset: 'quick', cell: `${arm}, jitter 0` }],
    dataset: { name: 'mnist', version: 'abc', official: false, note: '10,000 of 60,000 digits, not the official file' },
    failure: state === 'FAILED' ? { kind: 'NON_FINITE', message: 'loss is NaN' } : null,
    last: state === 'SUCCEEDED' ? [measured(value)] : [],
    median: [],
    best: [],
  }) as ResultRun;

const results: ExperimentResults = {
  preset: 'quick',
  experiment: {
    id: 'exp_1',
    name: 'example',
    title: 'An example',
    state: 'DONE',
    comparisons: [],
    claims: [{ id: '4', text: 'LS & Mixup follow_the colour more.', verdict: 'DIRECTION_ONLY', because: '2 of 3' }],
  },
  runs: [
    run('erm', 100, 0.1),
    run('erm', 101, 0.2),
    run('erm', 102, 0.3),
    run('mixup', 100, 0.4),
    run('mixup', 101, null, 'FAILED'),
  ],
};
const table = resultTable(results, definition);

describe('the result table', () => {
  it('has a row a cell with the mean and half of the 95 % t interval over seeds', () => {
    // scipy.stats.t.interval(0.95, 2, loc=0.2, scale=scipy.stats.sem([.1, .2, .3])) = (-0.0484, 0.4484)
    const s = summarise([0.1, 0.2, 0.3]);
    expect(s.mean).toBeCloseTo(0.2, 12);
    expect(s.half).toBeCloseTo(0.24841377, 7);
    expect(table.rows.map((r) => [r.method, r.succeeded, r.runs])).toEqual([
      ['erm', 3, 3],
      ['mixup', 1, 2],
    ]);
  });

  it('shows rounding as what it is: seeds that agree, and exact zeros', () => {
    expect(formatSummary({ n: 6, mean: 2e-4, half: 3.1e-20 }, 'number')).toBe('2.000e-4 ± 0');
    expect(formatSummary({ n: 6, mean: 2e-4, half: 3.1e-9 }, 'number')).toBe('2.000e-4 ± 3.1e-9');
    const quantities = { low: 5.888877, high: -2.6e-17, variance: 1.90573e-5 };
    const [exact] = exactTables({ ...table, exact: [{ problem: 'toy', arm: 'ls', quantities }] });
    expect(exact!.rows[0]!.values).toEqual(['5.88888', '0', '0.0000190573']);
  });

  it('says what data it was and what was left out', () => {
    const text = formatResultText(results, table, 100);
    expect(text).toContain('20.0 ± 24.8');
    expect(text).toContain('1 of 2');
    expect(text).toContain('10,000 of 60,000 digits, not the official file');
    expect(text).toContain('1 of 5 runs did not succeed (NON_FINITE)');
    expect(text).toMatch(/claim 4: DIRECTION ONLY[^]*because 2 of 3/);
  });

  it('is the same table in Markdown and LaTeX, with special characters escaped', () => {
    expect(formatResultMarkdown(results, table)).toContain('| erm, jitter 0 | 20.0 ± 24.8 | 3 |');
    expect(formatResultLatex(results, table)).toContain('erm, jitter 0 & 20.0 $\\pm$ 24.8 \\\\');
    expect(formatResultLatex(results, table)).toContain('error \\%');
  });

  it('keeps to what plain LaTeX knows, for every experiment that there is', () => {
    for (const experiment of Object.values(experiments)) {
      const own = { ...results, experiment: { ...results.experiment, name: experiment.name, title: experiment.title } };
      const text = formatResultLatex(own, resultTable(own, experiment));
      expect(text.match(/[^\x0a\x20-\x7e]/gu) ?? [], experiment.name).toEqual([]);
    }
  });

  it('gives every exact table its problem as a heading, however long', () => {
    const exact = {
      ...table,
      exact: [{ problem: 'a problem with a long name', arm: 'erm', quantities: { low: -1.5 } }],
    };
    expect(formatResultText(results, exact, 100)).toMatch(/^exact: a problem with a long name\n\nmethod {2}/m);
    expect(formatResultLatex(results, exact)).toContain('erm & $-$1.5');
  });
});

describe('the long table', () => {
  const rows = longRows(results);

  it('has one number a row, also of classes and groups, under the documented columns', () => {
    const [header, first, ...rest] = formatCsv(rows).trimEnd().split('\n');
    expect(header).toBe(
      'experiment,preset,run_id,dataset,dataset_version,model,method,seed,split,epoch,selection,metric,variant,class,group,value',
    );
    expect(first).toBe('example,quick,run_erm_100,mnist,abc,linear,erm,100,test,2,last,error,,,,0.1');
    expect(rest).toHaveLength(4 * 4 - 1);
    expect(formatCsv([{ ...rows[0]!, group: 'a,"b"' }])).toContain('"a,""b"""');
  });

  it('gives back the same rows from Parquet', async () => {
    const bytes = await formatParquet(rows);
    const back = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
    });
    const plain = (r: object) => longColumns.map((c) => (r as Record<string, unknown>)[c] ?? null);
    expect(back.map(plain)).toEqual(rows.map(plain));
  });
});
