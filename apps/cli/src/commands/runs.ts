import { randomUUID } from 'node:crypto';
import type { Client } from '../client/graphql-client';
import { payloadOf } from '../client/results';
import type { ConnectionOptions } from '../connection';
import { withGateway } from '../connection';
import type { Context } from '../context';
import { outJson } from '../context';
import { deleteEntity } from '../entity/delete-entity';
import { nearMiss, UsageError } from '../errors';
import type { RunLineFragment, RunState } from '../graphql/operations.gen';
import {
  cancelRunMutation,
  retryRunMutation,
  runDetailQuery,
  runLogTailQuery,
  runsQuery,
} from '../graphql/operations.gen';
import { formatSeconds } from '../output/progress';
import { textTable } from '../output/text-table';
import { describeRun } from '../run/describe-run';
import { findRunId } from '../run/find-run';
import { watchRun } from '../run/watch-run';
import type { Registrar } from './shared';
import { collect, connectionOptions, wholeNumber } from './shared';

type Json = ConnectionOptions & { readonly json?: boolean };

const states: readonly RunState[] = ['QUEUED', 'CLAIMED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'];
const orders = ['createdAt', 'startedAt', 'finishedAt', 'state', 'method', 'seed'];

interface ListOptions extends Json {
  readonly experiment?: string;
  readonly preset?: string;
  readonly state?: string[];
  readonly method?: string[];
  readonly dataset?: string[];
  readonly model?: string[];
  readonly seed?: string[];
  readonly limit: string;
  readonly order?: string;
  readonly ascending?: boolean;
}

function stateOf(text: string): RunState {
  const state = text.toUpperCase() as RunState;
  if (states.includes(state)) return state;
  const near = nearMiss(state, states);
  throw new UsageError(
    `--state is '${text}'${near ? `; did you mean '${near}'?` : '.'} There are: ${states.join(', ')}.`,
  );
}

const seconds = (r: RunLineFragment): string =>
  r.startedAt
    ? formatSeconds((Date.parse(r.finishedAt ?? new Date().toISOString()) - Date.parse(r.startedAt)) / 1000)
    : '';

async function list(ctx: Context, options: ListOptions): Promise<void> {
  const limit = wholeNumber('--limit', options.limit, 1, 100_000)!;
  const filter = {
    experiment: options.experiment ?? null,
    preset: options.preset ?? null,
    state: options.state?.map(stateOf) ?? null,
    method: options.method ?? null,
    dataset: options.dataset ?? null,
    model: options.model ?? null,
    seed: options.seed?.map((s) => wholeNumber('--seed', s, 0, 2 ** 31 - 1)!) ?? null,
  };
  await withGateway(ctx, options, async (client) => {
    const runs: RunLineFragment[] = [];
    let after: string | null = null;
    let total = 0;
    do {
      const orderBy = options.order ? { field: options.order, descending: !options.ascending } : null;
      const page: {
        totalCount: number;
        pageInfo: { hasNextPage: boolean; endCursor: string | null };
        edges: { node: RunLineFragment }[];
      } = (
        await client.request(runsQuery, {
          first: Math.min(200, limit - runs.length),
          after,
          filter,
          ...(orderBy ? { orderBy } : {}),
        })
      ).runs;
      runs.push(...page.edges.map((e) => e.node));
      total = page.totalCount;
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    } while (after !== null && runs.length < limit);
    if (options.json) return outJson(ctx, runs);
    if (runs.length === 0) return ctx.out('no runs\n');
    const left = (label: string) => ({ label, align: 'left' as const });
    const rows = runs.map((r) => [
      r.id,
      r.state === 'RUNNING' ? `RUNNING ${Math.floor(100 * r.progress)} %` : r.state,
      r.method,
      String(r.seed),
      r.model,
      `${r.dataset.name}@${r.dataset.version}`,
      r.memberships.map((m) => `${m.experiment} ${m.preset}`).join(', '),
      seconds(r),
    ]);
    await ctx.out(
      `${textTable([left('run'), left('state'), left('method'), { label: 'seed', align: 'right' }, left('model'), left('data'), left('experiment'), { label: 'time', align: 'right' }], rows)}\n`,
    );
    if (total > runs.length) await ctx.out(`${runs.length} of ${total} runs; --limit shows more\n`);
  });
}

async function show(ctx: Context, id: string, options: Json & { readonly log?: string }): Promise<void> {
  const tail = wholeNumber('--log', options.log, 0, 10_000) ?? 20;
  await withGateway(ctx, options, async (client) => {
    const runId = await findRunId(client, id);
    const { run } = await client.request(runDetailQuery, { id: runId });
    if (!run) throw new UsageError(`there is no run '${runId}'; \`minvar runs list\` shows the runs there are`);
    const log = tail > 0 ? ((await client.request(runLogTailQuery, { id: runId, tail })).run?.log ?? []) : [];
    if (options.json) return outJson(ctx, { ...run, log });
    await ctx.out(describeRun(run, log, ctx.columns));
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
  const runs = program.command('runs').description('single runs: list, show, watch, cancel, retry, delete');
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
    .action(action(list));
  const one = (name: string, description: string) =>
    connectionOptions(runs.command(name))
      .description(description)
      .argument('<id>', 'run_…, or its beginning')
      .option('--json', 'one JSON document on stdout');
  one('show', 'spec, state, measurements, failure signs, log')
    .option('--log <lines>', 'last lines of the log (20)')
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
