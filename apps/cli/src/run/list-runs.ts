import type { Client } from '../client/graphql-client';
import type { ConnectionOptions } from '../connection';
import { withGateway } from '../connection';
import type { Context } from '../context';
import { outJson } from '../context';
import { chosenOf, unknownName } from '../errors';
import type { RunLineFragment, RunsQuery, RunState } from '../graphql/operations.gen';
import { knownNamesQuery, runsQuery } from '../graphql/operations.gen';
import { formatSeconds } from '../output/progress';
import { textTable } from '../output/text-table';
import { wholeNumber } from '../commands/shared';

const states: readonly RunState[] = ['QUEUED', 'CLAIMED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'];
export const orders = ['createdAt', 'startedAt', 'finishedAt', 'state', 'method', 'dataset', 'model', 'seed'] as const;

interface ListOptions extends ConnectionOptions {
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
  readonly json?: boolean;
}

const seconds = (r: RunLineFragment): string =>
  r.startedAt
    ? formatSeconds((Date.parse(r.finishedAt ?? new Date().toISOString()) - Date.parse(r.startedAt)) / 1000)
    : '';

/** A name that nothing here has is wrong usage; one that merely no run has is not. */
async function checkNames(client: Client, options: ListOptions): Promise<void> {
  const known = await client.request(knownNamesQuery, {});
  const names = (entries: readonly { readonly name: string }[]) => entries.map((e) => e.name);
  const kinds: readonly [string, readonly string[], readonly string[]][] = [
    ['experiment', options.experiment ? [options.experiment] : [], names(known.experiments.edges.map((e) => e.node))],
    ['method', options.method ?? [], names(known.methods)],
    ['dataset', options.dataset ?? [], names(known.datasetCatalogue)],
    ['model', options.model ?? [], names(known.models)],
  ];
  for (const [kind, given, there] of kinds)
    for (const name of given) if (!there.includes(name)) throw unknownName(kind, name, there);
  const presets = known.experiments.edges
    .filter((e) => !options.experiment || e.node.name === options.experiment)
    .flatMap((e) => e.node.presets);
  if (options.preset && !presets.includes(options.preset))
    throw unknownName('preset', options.preset, [...new Set(presets)]);
}

async function readRuns(
  client: Client,
  limit: number,
  variables: object,
): Promise<{ runs: RunLineFragment[]; total: number }> {
  const runs: RunLineFragment[] = [];
  for (let after: string | null = null; ;) {
    const page: RunsQuery['runs'] = (
      await client.request(runsQuery, { ...variables, first: Math.min(200, limit - runs.length), after })
    ).runs;
    runs.push(...page.edges.map((e) => e.node));
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    if (after === null || runs.length >= limit) return { runs, total: page.totalCount };
  }
}

/** `runs list`: a line a run, newest first unless asked otherwise. */
export async function listRuns(ctx: Context, options: ListOptions): Promise<void> {
  const limit = wholeNumber('--limit', options.limit, 1, 100_000)!;
  const filter = {
    experiment: options.experiment ?? null,
    preset: options.preset ?? null,
    state: options.state?.map((s) => chosenOf('--state', s, states)) ?? null,
    method: options.method ?? null,
    dataset: options.dataset ?? null,
    model: options.model ?? null,
    seed: options.seed?.map((s) => wholeNumber('--seed', s, 0, 2 ** 31 - 1)!) ?? null,
  };
  const orderBy =
    options.order || options.ascending
      ? { field: chosenOf('--order', options.order ?? 'createdAt', orders), descending: !options.ascending }
      : null;
  await withGateway(ctx, options, async (client) => {
    const { runs, total } = await readRuns(client, limit, { filter, ...(orderBy ? { orderBy } : {}) });
    if (runs.length === 0) await checkNames(client, options);
    if (options.json) return outJson(ctx, runs);
    if (runs.length === 0)
      return ctx.out(Object.values(filter).some((f) => f !== null) ? 'no such runs\n' : 'no runs\n');
    const left = (label: string) => ({ label, align: 'left' as const });
    const right = (label: string) => ({ label, align: 'right' as const });
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
    const columns = [
      left('run'),
      left('state'),
      left('method'),
      right('seed'),
      left('model'),
      left('data'),
      left('experiment'),
      right('time'),
    ];
    await ctx.out(`${textTable(columns, rows)}\n`);
    if (total > runs.length) await ctx.out(`${runs.length} of ${total} runs; --limit shows more\n`);
  });
}
