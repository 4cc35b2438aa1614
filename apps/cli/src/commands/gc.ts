import { payloadOf } from '../client/results';
import type { ConnectionOptions } from '../connection';
import { withGateway } from '../connection';
import type { Context } from '../context';
import { outJson } from '../context';
import { collectGarbageMutation } from '../graphql/operations.gen';
import { formatBytes } from '../output/progress';
import type { Registrar } from './shared';
import { connectionOptions, wholeNumber } from './shared';

interface GcOptions extends ConnectionOptions {
  readonly dryRun?: boolean;
  readonly grace?: string;
  readonly keys?: boolean;
  readonly json?: boolean;
}

const parts: Readonly<Record<string, string>> = {
  run: 'left by runs',
  version: 'left by dataset versions',
  analysis: 'of analyses',
  blob: 'of messages',
  upload: 'of uploads',
};

async function gc(ctx: Context, options: GcOptions): Promise<void> {
  const graceHours = wholeNumber('--grace', options.grace, 1, 8760) ?? 24;
  const dryRun = options.dryRun ?? false;
  await withGateway(ctx, options, async (client) => {
    const input = { dryRun, graceHours };
    const found = payloadOf((await client.request(collectGarbageMutation, { input })).collectGarbage);
    const { objects, bytes, kinds, keys, keptObjects, keptBytes } = found;
    if (options.json) {
      const kept = { objects: keptObjects, bytes: Number(keptBytes) };
      const each = kinds.map((k) => ({ ...k, bytes: Number(k.bytes) }));
      return outJson(ctx, { dryRun, objects, bytes: Number(bytes), kinds: each, keys, kept });
    }
    const amount = (n: number, b: string | number | bigint): string =>
      `${n} object${n === 1 ? '' : 's'}, ${formatBytes(Number(b))}`;
    if (options.keys) for (const key of keys) await ctx.out(`${key}\n`);
    for (const k of kinds) await ctx.out(`  ${amount(k.objects, k.bytes)} ${parts[k.kind] ?? k.kind}\n`);
    const kept = `${amount(keptObjects, keptBytes)} stay`;
    await ctx.out(
      dryRun
        ? `would remove ${amount(objects, bytes)}; ${kept}\nnothing was removed; leave --dry-run out to do it\n`
        : `removed ${amount(objects, bytes)}; ${kept}\n`,
    );
  });
}

export function registerGc({ program, action }: Registrar): void {
  connectionOptions(program.command('gc'))
    .description('remove stored objects that nothing refers to any more')
    .option('--dry-run', 'say what would go, remove nothing')
    .option('--grace <hours>', 'leave younger objects alone (24)')
    .option('--keys', 'name the objects, the first thousand')
    .option('--json', 'one JSON document on stdout')
    .action(action(gc));
}
