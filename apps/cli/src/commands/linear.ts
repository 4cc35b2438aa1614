import { LinearProblemError, completeLinearProblem, solveLinear } from '@minvar/theory';
import type { LinearProblem, LinearSolution } from '@minvar/theory';
import type { Context } from '../context';
import { outJson } from '../context';
import { UsageError } from '../errors';
import { readJson } from '../input/read-json';
import { textTable } from '../output/text-table';
import type { Registrar } from './shared';

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
  const solution = solve(await readJson(ctx, '--file', options.file));
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
