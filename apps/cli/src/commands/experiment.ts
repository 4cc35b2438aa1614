import type { Context } from '../context';
import { outJson } from '../context';
import type { ConnectionOptions } from '../connection';
import { withGateway } from '../connection';
import { UsageError } from '../errors';
import type { ExperimentOutcome } from '../experiment/run-experiment';
import { runExperiment } from '../experiment/run-experiment';
import { experimentDocument } from '../experiment/experiment-document';
import { checkPreset, findExperiment, listExperiments } from '../experiment/names';
import { describeResults } from '../experiment/describe-results';
import { machine } from '../machine';
import { textTable, wrap } from '../output/text-table';
import type { Registrar } from './shared';
import { assignments, collect, connectionOptions, wholeNumber } from './shared';
import { deleteEntity } from '../entity/delete-entity';

interface RunOptions extends ConnectionOptions {
  readonly all?: boolean;
  readonly preset: string;
  readonly seeds?: string;
  readonly set?: string[];
  readonly fresh?: boolean;
  readonly json?: boolean;
}

async function list(ctx: Context, options: ConnectionOptions & { readonly json?: boolean }): Promise<void> {
  await withGateway(ctx, options, async (client) => {
    const all = await listExperiments(client);
    if (options.json) return outJson(ctx, all);
    const rows = all.map((e) => [e.name, e.presets.join(', '), e.title]);
    const left = (label: string) => ({ label, align: 'left' as const });
    await ctx.out(`${textTable([left('experiment'), left('presets'), left('title')], rows)}\n\n`);
    for (const e of all)
      for (const c of e.claims) await ctx.out(`${wrap(`${e.name}, claim ${c.id}: ${c.text}`, ctx.columns, '  ')}\n`);
  });
}

async function run(ctx: Context, name: string | undefined, options: RunOptions): Promise<boolean> {
  if (options.all && name) throw new UsageError(`give either a name ('${name}') or --all, not both`);
  if (!options.all && !name)
    throw new UsageError('which experiment? Give a name or --all; `minvar experiment list` shows them');
  const seeds = wholeNumber('--seeds', options.seeds, 1, 10_000);
  const set = assignments('--set', options.set);
  return withGateway(ctx, options, async (client) => {
    const chosen = name ? [await findExperiment(client, name)] : await listExperiments(client);
    for (const e of chosen) checkPreset(e, options.preset);
    const outcomes: ExperimentOutcome[] = [];
    for (const e of chosen) {
      const outcome = await runExperiment(
        client,
        { name: e.name, preset: options.preset, seeds, set, fresh: options.fresh ?? false },
        ctx,
      );
      if (!options.json) await ctx.out(`${describeResults(outcome.results, ctx.columns)}\n`);
      outcomes.push(outcome);
    }
    if (options.json) {
      const documents = outcomes.map((o) => experimentDocument(o.results, o.seconds, machine()));
      await outJson(ctx, name ? documents[0] : documents);
    }
    return outcomes.every((o) => o.ok);
  });
}

export function registerExperiment({ program, action }: Registrar): void {
  const experiment = program.command('experiment').description('experiments: claims, grids of runs, verdicts');
  connectionOptions(experiment.command('list'))
    .description('the experiments, their presets and claims')
    .option('--json', 'one JSON document on stdout')
    .action(action(list));
  connectionOptions(experiment.command('run'))
    .description('run an experiment at a preset, follow it, print table and verdicts')
    .argument('[name]', 'experiment, see `experiment list`')
    .option('--all', 'every experiment, one after the other')
    .option('--preset <name>', 'which grid: quick, paper, …', 'quick')
    .option('--seeds <n>', 'seeds a cell instead of the preset’s')
    .option('--set <path=value>', 'change the RunSpec of every run, e.g. epochs=5; may be repeated', collect)
    .option('--fresh', 'train again what is already stored')
    .option('--json', 'one JSON document on stdout')
    .action(action(run));
  connectionOptions(experiment.command('delete'))
    .description('remove an experiment’s results; runs that no other experiment uses go with it')
    .argument('<name>')
    .option('--yes', 'do it; without it, only says what would go')
    .option('--json', 'one JSON document on stdout')
    .action(
      action(async (ctx: Context, name: string, options: ConnectionOptions & { yes?: boolean; json?: boolean }) =>
        withGateway(ctx, options, async (client) =>
          deleteEntity(ctx, client, 'experiment', (await findExperiment(client, name)).id, name, options),
        ),
      ),
    );
}
