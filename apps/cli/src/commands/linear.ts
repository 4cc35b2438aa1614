import { readFile } from 'node:fs/promises';
import { LinearProblemError, completeLinearProblem, solveLinear } from '@minvar/theory';
import type { LinearProblem, LinearSolution } from '@minvar/theory';
import { fromCaller } from '../connection';
import type { Context } from '../context';
import { outJson } from '../context';
import { UsageError } from '../errors';
import { textTable } from '../output/text-table';
import type { Registrar } from './shared';

async function readSpec(ctx: Context, file: string): Promise<string> {
  if (file === '-') return ctx.stdin();
  try {
    return await readFile(fromCaller(ctx, file), 'utf8');
  } catch (e) {
    throw new UsageError(`--file '${file}' cannot be read: ${(e as Error).message}`);
  }
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (e) {
    const nan = /\b(NaN|-?Infinity)\b/.exec(text);
    const hint = nan ? `; JSON has no ${nan[0]}, all numbers must be finite` : '';
    throw new UsageError(`${file === '-' ? 'stdin' : `--file '${file}'`} is not JSON: ${(e as Error).message}${hint}`);
  }
}

function solve(problem: unknown): LinearSolution {
  try {
    completeLinearProblem(problem);
    return solveLinear(problem as LinearProblem);
  } catch (e) {
    if (e instanceof LinearProblemError) throw new UsageError(e.message);
    throw e;
  }
}

async function linear(ctx: Context, options: { readonly file: string; readonly json?: boolean }): Promise<void> {
  const solution = solve(parse(await readSpec(ctx, options.file), options.file));
  if (options.json) return outJson(ctx, solution);
  const rows = Object.entries(solution)
    .filter(([, v]) => v !== null)
    .map(([name, v]) => [name, Array.isArray(v) ? v.map((x) => Number(x.toPrecision(8))).join('  ') : String(v)]);
  const columns = [
    { label: 'quantity', align: 'left' as const },
    { label: 'value', align: 'left' as const },
  ];
  await ctx.out(`${textTable(columns, rows)}\n`);
  if (!solution.converged) {
    await ctx.out(
      'no minimiser: the points are separable and nothing is penalised; weights are the unit max-margin direction\n',
    );
  }
}

export function registerLinear({ program, action }: Registrar): void {
  program
    .command('linear')
    .description('exact optimum of a linear model on a finite distribution')
    .requiredOption(
      '--file <spec.json>',
      'the problem: points, loss, alpha, weightDecay, low, high, bias; - reads stdin',
    )
    .option('--json', 'one JSON document on stdout')
    .action(action(linear));
}
