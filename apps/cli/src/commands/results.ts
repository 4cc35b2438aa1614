import type { Client } from '../client/graphql-client';
import type { ConnectionOptions } from '../connection';
import { fromCaller, withGateway } from '../connection';
import type { Context } from '../context';
import { chosenOf, UsageError, WorkError } from '../errors';
import { describeResults, tableOf } from '../experiment/describe-results';
import { readResults } from '../experiment/experiment-document';
import { formatResultLatex, formatResultMarkdown } from '../experiment/format-table';
import { formatCsv, formatParquet, longRows } from '../experiment/long-table';
import type { ListedExperiment } from '../experiment/names';
import { checkPreset, findExperiment } from '../experiment/names';
import { experimentStatesQuery } from '../graphql/operations.gen';
import { writeOut } from '../output/write-out';
import type { Registrar } from './shared';
import { connectionOptions } from './shared';

const formats = ['table', 'csv', 'parquet', 'latex', 'markdown'] as const;

interface ResultOptions extends ConnectionOptions {
  readonly preset: string;
  readonly format: string;
  readonly out?: string;
}

/** `, but at 'ci'`: the presets of an experiment that were run. */
async function elsewhere(client: Client, { name, presets }: ListedExperiment): Promise<string> {
  const states = await Promise.all(
    presets.map(async (preset) => (await client.request(experimentStatesQuery, { name, preset })).experiment?.state),
  );
  const run = presets.filter((_, i) => states[i] !== undefined && states[i] !== 'NOT_RUN');
  return run.length > 0 ? `, but at ${run.map((p) => `'${p}'`).join(', ')}` : '';
}

async function results(ctx: Context, name: string, options: ResultOptions): Promise<void> {
  const format = chosenOf('--format', options.format, formats);
  if (format === 'parquet' && !options.out && ctx.stdoutIsTerminal) {
    throw new UsageError('Parquet is binary: give --out results.parquet, or send stdout to a file');
  }
  const bytes = await withGateway(ctx, options, async (client) => {
    const experiment = await findExperiment(client, name);
    checkPreset(experiment, options.preset);
    const found = await readResults(client, name, options.preset);
    if (found.experiment.state === 'NOT_RUN') {
      throw new WorkError(
        `'${name}' has no results at preset '${options.preset}'${await elsewhere(client, experiment)}; \`minvar experiment run ${name} --preset ${options.preset}\` makes them`,
      );
    }
    if (format === 'csv') return formatCsv(longRows(found));
    if (format === 'parquet') return formatParquet(longRows(found));
    if (format === 'latex') return formatResultLatex(found, tableOf(found));
    if (format === 'markdown') return formatResultMarkdown(found, tableOf(found));
    return describeResults(found, ctx.columns);
  });
  if (options.out) await writeOut(fromCaller(ctx, options.out), bytes);
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
