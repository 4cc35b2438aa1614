import type { Client } from '../client/graphql-client';
import { allPages, payloadOf } from '../client/results';
import type { ConnectionOptions } from '../connection';
import { withGateway } from '../connection';
import type { Context } from '../context';
import { outJson } from '../context';
import { UsageError } from '../errors';
import { deadLettersQuery, dropDeadLettersMutation, replayDeadLettersMutation } from '../graphql/operations.gen';
import type { Registrar } from './shared';
import { connectionOptions } from './shared';

interface Options extends ConnectionOptions {
  readonly consumer?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

const atATime = 200;

const openLetters = (client: Client, consumer: string | undefined) =>
  allPages(
    async (after) =>
      (await client.request(deadLettersQuery, { first: atATime, after, consumer: consumer ?? null })).deadLetters,
  );

async function list(ctx: Context, options: Options): Promise<void> {
  await withGateway(ctx, options, async (client) => {
    const letters = await openLetters(client, options.consumer);
    if (options.json)
      return outJson(
        ctx,
        letters.map((l) => ({ ...l, offset: Number(l.offset) })),
      );
    if (letters.length === 0) return ctx.out('no dead letters\n');
    for (const l of letters) {
      const what = `${l.type ?? 'a record'} for ${l.key || 'nobody'}, ${l.sizeBytes} bytes`;
      await ctx.out(
        `${l.id}  ${l.diedAt}  ${l.reason}: ${l.message}\n  ${what}, at ${l.topic}/${l.partition} offset ${l.offset}\n`,
      );
    }
  });
}

const settle =
  (how: 'replay' | 'drop') =>
  async (ctx: Context, ids: readonly string[], options: Options): Promise<void> => {
    const isWide = options.all === true || options.consumer !== undefined;
    if (isWide === ids.length > 0)
      throw new UsageError(
        `which dead letters? Give their ids (\`minvar dead list\` shows them), or --all, or --consumer NAME for all of one consumer`,
      );
    await withGateway(ctx, options, async (client) => {
      const wanted = isWide ? (await openLetters(client, options.consumer)).map((l) => l.id) : ids;
      const settled: string[] = [];
      for (let i = 0; i < wanted.length; i += atATime) {
        const input = { ids: wanted.slice(i, i + atATime) };
        const done =
          how === 'replay'
            ? payloadOf((await client.request(replayDeadLettersMutation, { input })).replayDeadLetters)
            : payloadOf((await client.request(dropDeadLettersMutation, { input })).dropDeadLetters);
        settled.push(...done.ids);
      }
      if (options.json) return outJson(ctx, { [how === 'replay' ? 'replayed' : 'dropped']: settled });
      const count = settled.length === 1 ? 'one dead letter' : `${settled.length} dead letters`;
      await ctx.out(how === 'replay' ? `${count} put back on their topics\n` : `${count} dropped\n`);
    });
  };

export function registerDead({ program, action }: Registrar): void {
  const group = program.command('dead').description('messages that could not be handled');
  connectionOptions(group.command('list'))
    .description('those that nobody has dealt with, and why')
    .option('--consumer <name>', 'only of this service, for example trainer')
    .option('--json', 'one JSON document on stdout')
    .action(action(list));
  connectionOptions(group.command('replay').argument('[ids...]'))
    .description('put the original messages back on their topics, for example after an upgrade')
    .option('--consumer <name>', 'all of this service')
    .option('--all', 'all there are')
    .option('--json', 'one JSON document on stdout')
    .action(action(settle('replay')));
  connectionOptions(group.command('drop').argument('[ids...]'))
    .description('note that they are dealt with; they stay in the log')
    .option('--consumer <name>', 'all of this service')
    .option('--all', 'all there are')
    .option('--json', 'one JSON document on stdout')
    .action(action(settle('drop')));
}
