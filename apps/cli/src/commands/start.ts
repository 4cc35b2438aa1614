import { experiments } from '@minvar/experiments';
import type { Context } from '../context';
import { outJson } from '../context';
import { homeOf, portOf, withWayOn } from '../connection';
import { createClient } from '../client/graphql-client';
import { InterruptedError, unknownName } from '../errors';
import { describeResults } from '../experiment/describe-results';
import { experimentDocument } from '../experiment/experiment-document';
import { listExperiments } from '../experiment/names';
import type { ExperimentOutcome } from '../experiment/run-experiment';
import { runExperiment } from '../experiment/run-experiment';
import { machine } from '../machine';
import { ensureTensorFlow } from '../tensorflow';
import type { Registrar } from './shared';
import { slotsOf } from './shared';
import { untilStopped } from './up';

interface StartOptions {
  readonly port?: string;
  readonly home?: string;
  readonly slots?: string;
  readonly data?: string;
  readonly preset: string;
  readonly once?: boolean;
  readonly fresh?: boolean;
  readonly json?: boolean;
}

async function start(ctx: Context, options: StartOptions): Promise<boolean> {
  const port = portOf(ctx, options);
  const slots = slotsOf(ctx, options.slots);
  const presets = [...new Set(Object.values(experiments).flatMap((e) => Object.keys(e.presets)))];
  if (!presets.includes(options.preset)) throw unknownName('preset', options.preset, presets);
  const { createLaboratory, laboratorySettings } = await import('../laboratory');
  const settings = await laboratorySettings(ctx, { home: homeOf(ctx, options), port, slots, data: options.data });
  await ensureTensorFlow(ctx);
  const lab = await createLaboratory(settings);
  const client = createClient({ url: lab.url, token: lab.token });
  const outcomes: ExperimentOutcome[] = [];
  try {
    ctx.progress.line(`minvar: page and GraphQL at ${lab.url}, everything is kept in ${lab.home}`);
    for (const experiment of await listExperiments(client)) {
      if (!experiment.presets.includes(options.preset)) continue;
      const request = { name: experiment.name, preset: options.preset, fresh: options.fresh ?? false };
      const outcome = await runExperiment(client, request, ctx);
      if (!options.json) await ctx.out(`\n${describeResults(outcome.results, ctx.columns)}`);
      outcomes.push(outcome);
    }
    if (options.json)
      await outJson(
        ctx,
        outcomes.map((o) => experimentDocument(o.results, o.seconds, machine())),
      );
    if (!options.once) {
      ctx.progress.line(`\nminvar: serving ${lab.url} until ctrl-C`);
      await untilStopped(ctx.signal);
    }
  } catch (e) {
    throw e instanceof InterruptedError ? withWayOn(e, null) : e;
  } finally {
    await client.close();
    await lab.close();
  }
  // Without a data folder a dataset may just not be to be had here, which the table says; the rest has been shown all the same.
  const notToBeHad = (o: ExperimentOutcome): boolean =>
    settings.dataDir === null && o.state === 'FAILED' && o.results.runs.length === 0;
  return outcomes.every((o) => o.ok || notToBeHad(o));
}

export function registerStart({ program, action }: Registrar): void {
  program
    .command('start')
    .description('set TensorFlow up, start every service, run the quick experiments, print the table, serve the page')
    .option('--once', 'end after the table')
    .option('--json', 'one JSON document on stdout: an array, one entry an experiment')
    .option('--data <dir>', 'local copies of the datasets’ files (MINVAR_DATA_DIR)')
    .option('--fresh', 'train again what is already stored')
    .option('--preset <name>', 'which grid', 'quick')
    .option('--port <n>', 'port of the gateway, 0 picks a free one (MINVAR_PORT, 4000)')
    .option('--home <dir>', 'folder that keeps everything (MINVAR_HOME)')
    .option('--slots <n>', 'runs at a time (MINVAR_SLOTS, one a core)')
    .action(action(start));
}
