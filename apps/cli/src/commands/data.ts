import { randomUUID } from 'node:crypto';
import type { Client } from '../client/graphql-client';
import { allPages, payloadOf } from '../client/results';
import type { ConnectionOptions } from '../connection';
import { withGateway } from '../connection';
import type { Context } from '../context';
import { outJson } from '../context';
import { ingestDataset } from '../dataset/ingest-dataset';
import { formatOf, pullDataset } from '../dataset/pull-dataset';
import { deleteEntity } from '../entity/delete-entity';
import { unknownName, UsageError } from '../errors';
import type { VersionFragment } from '../graphql/operations.gen';
import { catalogueQuery, datasetsQuery, ingestMutation } from '../graphql/operations.gen';
import { textTable, wrap } from '../output/text-table';
import type { Registrar } from './shared';
import { assignments, collect, connectionOptions } from './shared';

type Json = ConnectionOptions & { readonly json?: boolean };

const catalogueOf = async (client: Client) => (await client.request(catalogueQuery, {})).datasetCatalogue;
const versionsOf = (client: Client, name?: string): Promise<VersionFragment[]> =>
  allPages(
    async (after) =>
      (await client.request(datasetsQuery, { first: 200, after, filter: name ? { name: [name] } : null })).datasets,
  );

async function checkName(client: Client, name: string): Promise<void> {
  const names = (await catalogueOf(client)).map((d) => d.name);
  if (!names.includes(name)) throw unknownName('dataset', name, names);
}

/** `train 10,000; test-same, test-random: 10,000 each` */
function examples({ splits }: VersionFragment): string {
  const sizes = [...new Set(splits.map((s) => s.examples))];
  const parts = sizes.map((n) => {
    const names = splits.filter((s) => s.examples === n).map((s) => s.name);
    return `${names.join(', ')}: ${n.toLocaleString('en')}${names.length > 1 ? ' each' : ''}`;
  });
  return parts.join('; ');
}

async function list(ctx: Context, options: Json): Promise<void> {
  await withGateway(ctx, options, async (client) => {
    const catalogue = await catalogueOf(client);
    const versions = await versionsOf(client);
    if (options.json) return outJson(ctx, { catalogue, versions });
    const left = (label: string) => ({ label, align: 'left' as const });
    await ctx.out(
      `${textTable(
        [left('dataset'), left('title')],
        catalogue.map((d) => [d.name, d.title]),
      )}\n\n`,
    );
    if (versions.length === 0) return ctx.out('no versions yet: `minvar data ingest NAME` makes one\n');
    const rows = versions.map((v) => [
      `${v.name}@${v.version}`,
      examples(v),
      v.official ? 'official' : 'not official',
      v.licence,
    ]);
    await ctx.out(`${textTable([left('version'), left('examples'), left('files'), left('licence')], rows)}\n`);
    for (const v of versions)
      if (v.note) await ctx.out(`${wrap(`note: ${v.name}@${v.version}: ${v.note}`, ctx.columns, '  ')}\n`);
  });
}

/** A value of `--set`: JSON where it is JSON, else text. */
function parameterValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function ingest(ctx: Context, name: string, options: Json & { readonly set?: string[] }): Promise<void> {
  const set = assignments('--set', options.set).map((a) => [
    a.slice(0, a.indexOf('=')),
    parameterValue(a.slice(a.indexOf('=') + 1)),
  ]);
  await withGateway(ctx, options, async (client) => {
    await checkName(client, name);
    const version = await ingestDataset(
      client,
      { name, parameters: Object.fromEntries(set) },
      ctx.progress,
      ctx.signal,
      async (input) =>
        payloadOf(
          (await client.request(ingestMutation, { input: { ...input, idempotencyKey: randomUUID() } })).ingestDataset,
        ),
    );
    if (options.json) return outJson(ctx, version);
    await ctx.out(
      `${version.name}@${version.version}: ${version.splits.map((s) => `${s.name} ${s.examples.toLocaleString('en')}`).join(', ')}\n`,
    );
    if (version.note) await ctx.out(`note: ${version.note}\n`);
  });
}

function nameAndVersion(text: string): { name: string; version: string | null } {
  const [name, version, more] = text.split('@');
  if (!name || version === '' || more !== undefined)
    throw new UsageError(`'${text}' is no dataset: give NAME or NAME@VERSION, for example mnist`);
  return { name, version: version ?? null };
}

/** The version meant: the named one (or its beginning), else the newest. */
async function findVersion(client: Client, text: string): Promise<VersionFragment> {
  const { name, version } = nameAndVersion(text);
  await checkName(client, name);
  const all = (await versionsOf(client, name)).sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  if (all.length === 0)
    throw new UsageError(`'${name}' has no version here yet; \`minvar data ingest ${name}\` makes one`);
  if (version === null) return all[0]!;
  const found = all.filter((v) => v.version.startsWith(version));
  if (found.length !== 1)
    throw unknownName(
      `version of '${name}' that is or begins with`,
      version,
      all.map((v) => v.version),
    );
  return found[0]!;
}

export function registerData({ program, action }: Registrar): void {
  const data = program.command('data').description('datasets: catalogue, versions, files');
  connectionOptions(data.command('list'))
    .description('what can be ingested, and the versions there are')
    .option('--json', 'one JSON document on stdout')
    .action(action(list));
  connectionOptions(data.command('ingest'))
    .description('make the version of a dataset that these parameters give')
    .argument('<name>', 'see `data list`')
    .option('--set <parameter=value>', 'parameter of the dataset, e.g. jitter=0.05; may be repeated', collect)
    .option('--json', 'one JSON document on stdout')
    .action(action(ingest));
  connectionOptions(data.command('pull'))
    .description('write a version as files that other programs read')
    .argument('<name[@version]>', 'the newest version unless one is named')
    .option('--format <format>', 'npz, parquet, imagefolder', 'npz')
    .option('--out <dir>', 'folder to write to (default: here)')
    .option('--json', 'one JSON document on stdout')
    .action(
      action(async (ctx: Context, text: string, options: Json & { format: string; out?: string }) => {
        nameAndVersion(text);
        await formatOf(options.format);
        await withGateway(ctx, options, async (client) => {
          const { name, version } = await findVersion(client, text);
          await pullDataset(ctx, client, { name, version }, options);
        });
      }),
    );
  connectionOptions(data.command('delete'))
    .description('remove a dataset version and its files')
    .argument('<name@version>')
    .option('--yes', 'do it; without it, only says what would go')
    .option('--json', 'one JSON document on stdout')
    .action(
      action((ctx: Context, text: string, options: Json & { yes?: boolean }) =>
        withGateway(ctx, options, async (client) => {
          if (!text.includes('@'))
            throw new UsageError(`which version of '${text}'? Give NAME@VERSION; \`minvar data list\` shows them`);
          const v = await findVersion(client, text);
          await deleteEntity(ctx, client, 'dataset version', v.id, `${v.name}@${v.version}`, options);
        }),
      ),
    );
}
