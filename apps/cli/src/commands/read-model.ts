import type { ConnectionOptions } from '../connection';
import { withGateway } from '../connection';
import type { Context } from '../context';
import { outJson } from '../context';
import { rebuildReadModelMutation } from '../graphql/operations.gen';
import type { Registrar } from './shared';
import { connectionOptions } from './shared';

type Options = ConnectionOptions & { readonly json?: boolean };

async function rebuild(ctx: Context, options: Options): Promise<boolean> {
  return withGateway(ctx, options, async (client) => {
    const { rebuildReadModel: r } = await client.request(rebuildReadModelMutation, {});
    const { before, after } = r;
    if (options.json) await outJson(ctx, { before, after, events: r.events });
    else {
      await ctx.out(`before  ${before}\nafter   ${after}\n${r.events.toLocaleString('en')} events folded\n`);
      if (before !== after)
        ctx.progress.line('the fold of the events differs from what was there: the read model had gone wrong');
    }
    return before === after;
  });
}

export function registerReadModel({ program, action }: Registrar): void {
  const group = program.command('read-model').description('the tables that queries read');
  connectionOptions(group.command('rebuild'))
    .description('fold all events anew beside the tables, compare, and put the new fold in their place')
    .option('--json', 'one JSON document on stdout')
    .action(action(rebuild));
}
