import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Context } from '../context';
import { serviceEnvironment } from '../environment';
import { unknownName, WorkError } from '../errors';
import { ensureTensorFlow } from '../tensorflow';
import type { Registrar } from './shared';

const services = ['gateway', 'trainer', 'analyzer', 'data-ingest', 'runner'] as const;
/** those whose children train */
const training: readonly string[] = ['trainer', 'runner'];

/** Runs one service in a process of its own, beside others on the same home; ends as it ends. */
async function service(ctx: Context, name: string): Promise<void> {
  if (!(services as readonly string[]).includes(name)) throw unknownName('service', name, services);
  if (training.includes(name)) await ensureTensorFlow(ctx);
  const program = fileURLToPath(new URL(`${name}.mjs`, import.meta.url));
  const child = spawn(process.execPath, ['--enable-source-maps', program], {
    stdio: 'inherit',
    env: serviceEnvironment(ctx.environment),
  });
  const stop = () => void child.kill('SIGTERM');
  ctx.signal.addEventListener('abort', stop, { once: true });
  const { code, signal } = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((done, failed) => {
    child.once('error', failed);
    child.once('exit', (code, signal) => done({ code, signal }));
  });
  ctx.signal.removeEventListener('abort', stop);
  if (ctx.signal.aborted && (code === 0 || signal)) return;
  if (code !== 0)
    throw new WorkError(`${name} ended with ${signal ? `${signal} (${constants.signals[signal]})` : `code ${code}`}`);
}

export function registerService({ program, action }: Registrar): void {
  program
    .command('service')
    .description(`one service alone, configured by the environment: ${services.join(', ')}`)
    .argument('<name>')
    .action(action(service));
}
