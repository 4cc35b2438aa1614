import { writeFile } from 'node:fs/promises';
import type { ConnectionOptions } from '../connection';
import { fromCaller, withGateway } from '../connection';
import type { Context } from '../context';
import { nearMiss, UsageError, WorkError } from '../errors';
import { describeResults, tableOf } from '../experiment/describe-results';
import { readResults } from '../experiment/experiment-document';
import { formatResultLatex, formatResultMarkdown } from '../experiment/format-table';
import { formatCsv, formatParquet, longRows } from '../experiment/long-table';
import { checkPreset, findExperiment } from '../experiment/names';
import type { Registrar } from './shared';
import { connectionOptions } from './shared';

const formats = ['table', 'csv', 'parquet', 'latex', 'markdown'] as const;
type Format = (typeof formats)[number];

interface ResultOptions extends ConnectionOptions {
  readonly preset: string;
  readonly format: string;
  readonly out?: string;
}

async function results(ctx: Context, name: string, options: ResultOptions): Promise<void> {
  const format = options.format as Format;
  if (!formats.includes(format)) {
    const near = nearMiss(options.format, formats);
    throw new UsageError(
      `--format is '${options.format}'${near ? `; did you mean '${near}'?` : '.'} There are: ${formats.join(', ')}.`,
    );
  }
  if (format === 'parquet' && !options.out && ctx.stdoutIsTerminal) {
    throw new UsageError('Parquet is binary: give --out results.parquet, or send stdout to a file');
  }
  const bytes = await withGateway(ctx, options, async (client) => {
    const experiment = await findExperiment(client, name);
    checkPreset(experiment, options.preset);
    const found = await readResults(client, name, options.preset);
    if (found.experiment.state === 'NOT_RUN') {
      throw new WorkError(
        `'${name}' has no results at preset '${options.preset}'; \`minvar experiment run ${name} --preset ${options.preset}\` makes them`,
      );
    }
    if (format === 'csv') return formatCsv(longRows(found));
    if (format === 'parquet') return formatParquet(longRows(found));
    if (format === 'latex') return formatResultLatex(found, tableOf(found));
    if (format === 'markdown') return formatResultMarkdown(found, tableOf(found));
    return describeResults(found, ctx.columns);
  });
  if (options.out) await writeFile(fromCaller(ctx, options.out), bytes);
  else await ctx.out(bytes);
}

export function registerResults({ program, action }: Registrar): void {
  connectionOptions(program.command('results'))
    .description('what an experiment measured')
    .argument('<experiment>')
    .option('--preset <name>', 'which grid', 'quick')
    .option('--format <format>', formats.join(', '), 'table')
    .option('--out <file>', 'write there instead of stdout')
    .action(action(results));
}
