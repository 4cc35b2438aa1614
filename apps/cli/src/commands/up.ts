import { once } from 'node:events';
import type { Context } from '../context';
import { homeOf, portOf } from '../connection';
import type { Registrar } from './shared';
import { slotsOf } from './shared';
import { ensureTensorFlow } from '../tensorflow';

interface UpOptions {
  readonly port?: string;
  readonly home?: string;
  readonly host?: string;
  readonly slots?: string;
  readonly data?: string;
}

/** Resolves when the user stops us. */
export async function untilStopped(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

async function up(ctx: Context, options: UpOptions): Promise<void> {
  const port = portOf(ctx, options);
  const slots = slotsOf(ctx, options.slots);
  const { createLaboratory, laboratorySettings } = await import('../laboratory');
  const { host, data } = options;
  const settings = await laboratorySettings(ctx, { home: homeOf(ctx, options), port, slots, host, data });
  await ensureTensorFlow(ctx);
  const lab = await createLaboratory(settings);
  try {
    await ctx.out(`minvar ready ${lab.url}\n`);
    await untilStopped(ctx.signal);
  } finally {
    await lab.close();
  }
}

export function registerUp({ program, action }: Registrar): void {
  program
    .command('up')
    .description('all services in one process; prints one line when ready')
    .option('--port <n>', 'port of the gateway, 0 picks a free one (MINVAR_PORT, 4000)')
    .option('--host <address>', 'address to listen on (MINVAR_HOST, 127.0.0.1)')
    .option('--home <dir>', 'folder that keeps everything (MINVAR_HOME)')
    .option('--slots <n>', 'runs at a time (MINVAR_SLOTS, one a core)')
    .option('--data <dir>', 'local copies of the datasets’ files (MINVAR_DATA_DIR)')
    .action(action(up));
}
