import { randomUUID } from 'node:crypto';
import type { Client } from '../client/graphql-client';
import { payloadOf } from '../client/results';
import type { ConnectionOptions } from '../connection';
import { withGateway } from '../connection';
import type { Context } from '../context';
import { outJson } from '../context';
import { deleteEntity } from '../entity/delete-entity';
import { UsageError } from '../errors';
import type { RunLineFragment } from '../graphql/operations.gen';
import { cancelRunMutation, retryRunMutation, runDetailQuery, runLogTailQuery } from '../graphql/operations.gen';
import { readJson } from '../input/read-json';
import { createRun } from '../run/create-run';
import { describeRun } from '../run/describe-run';
import { findRunId } from '../run/find-run';
import { listRuns, orders } from '../run/list-runs';
import { watchRun } from '../run/watch-run';
import type { Registrar } from './shared';
import { collect, connectionOptions, wholeNumber } from './shared';

type Json = ConnectionOptions & { readonly json?: boolean };

async function show(
  ctx: Context,
  id: string,
  options: Json & { readonly log?: string; readonly variants?: boolean },
): Promise<void> {
  const tail = wholeNumber('--log', options.log, 0, 10_000) ?? 20;
  await withGateway(ctx, options, async (client) => {
    const runId = await findRunId(client, id);
    const { run } = await client.request(runDetailQuery, { id: runId });
    if (!run) throw new UsageError(`there is no run '${runId}'; \`minvar runs list\` shows the runs there are`);
    const log = tail > 0 ? ((await client.request(runLogTailQuery, { id: runId, tail })).run?.log ?? []) : [];
    if (options.json) return outJson(ctx, { ...run, log });
    await ctx.out(describeRun(run, log, ctx.columns, options));
  });
}

async function create(ctx: Context, options: Json & { readonly spec: string }): Promise<boolean> {
  const spec = await readJson(ctx, '--spec', options.spec);
  return withGateway(ctx, options, async (client) => {
    const run = await createRun(ctx, client, spec);
    ctx.progress.line(
      `${run.id}: ${run.method}, ${run.model} on ${run.dataset.name}@${run.dataset.version}, seed ${run.seed}`,
    );
    return watchRun(ctx, client, run.id, options);
  });
}

const change =
  (work: (client: Client, id: string) => Promise<RunLineFragment>, said: string) =>
  async (ctx: Context, id: string, options: Json): Promise<void> =>
    withGateway(ctx, options, async (client) => {
      const run = await work(client, await findRunId(client, id));
      if (options.json) return outJson(ctx, run);
      await ctx.out(`${said} ${run.id} (attempt ${run.attempt}, ${run.state.toLowerCase()})\n`);
    });

const cancel = change(
  async (client, id) =>
    payloadOf((await client.request(cancelRunMutation, { input: { id, idempotencyKey: randomUUID() } })).cancelRun).run,
  'cancel requested for',
);
const retry = change(
  async (client, id) =>
    payloadOf((await client.request(retryRunMutation, { input: { id, idempotencyKey: randomUUID() } })).retryRun).run,
  'queued again:',
);

export function registerRuns({ program, action }: Registrar): void {
  const runs = program.command('runs').description('single runs: list, create, show, watch, cancel, retry, delete');
  connectionOptions(runs.command('list'))
    .description('runs, newest first')
    .option('--experiment <name>')
    .option('--preset <name>')
    .option('--state <state>', 'may be repeated', collect)
    .option('--method <name>', 'may be repeated', collect)
    .option('--dataset <name>', 'may be repeated', collect)
    .option('--model <name>', 'may be repeated', collect)
    .option('--seed <n>', 'may be repeated', collect)
    .option('--limit <n>', 'at most so many', '50')
    .option('--order <field>', `by ${orders.join(', ')}`)
    .option('--ascending', 'smallest first')
    .option('--json', 'one JSON document on stdout')
    .action(action(listRuns));
  const one = (name: string, description: string) =>
    connectionOptions(runs.command(name))
      .description(description)
      .argument('<id>', 'run_…, or its beginning')
      .option('--json', 'one JSON document on stdout');
  connectionOptions(runs.command('create'))
    .description('make one run of a spec, follow it to its end; makes its dataset version where there is none')
    .requiredOption('--spec <file>', 'the RunSpec as JSON: a file, - for stdin, or the text itself')
    .option('--json', 'one JSON document on stdout')
    .action(action(create));
  one('show', 'spec, state, measurements, failure signs, log')
    .option('--log <lines>', 'last lines of the log (20)')
    .option('--variants', 'every variant of every measurement')
    .action(action(show));
  one('watch', 'follow a run to its end: progress and log').action(
    action((ctx: Context, id: string, options: Json) =>
      withGateway(ctx, options, async (client) => watchRun(ctx, client, await findRunId(client, id), options)),
    ),
  );
  one('cancel', 'end a run before it is done').action(action(cancel));
  one('retry', 'start a failed or cancelled run again, from its last checkpoint').action(action(retry));
  one('delete', 'remove a finished run and its files')
    .option('--yes', 'do it; without it, only says what would go')
    .action(
      action((ctx: Context, id: string, options: Json & { yes?: boolean }) =>
        withGateway(ctx, options, async (client) => {
          const runId = await findRunId(client, id);
          await deleteEntity(ctx, client, 'run', runId, runId, options);
        }),
      ),
    );
}
