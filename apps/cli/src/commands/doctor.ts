import type { Context } from '../context';
import { outJson } from '../context';
import { homeOf } from '../connection';
import type { Finding } from '../doctor/check';
import { checkDevice, checkMachine, checkNode, checkTensorFlow } from '../doctor/tools';
import type { Registrar } from './shared';

async function doctor(ctx: Context, options: { readonly home?: string; readonly json?: boolean }): Promise<boolean> {
  const { checkHome } = await import('../doctor/home');
  const findings: Finding[] = [
    checkNode(),
    ...(await checkTensorFlow(ctx.environment.cache)),
    checkDevice(),
    ...checkMachine(ctx.environment.slots),
    ...(await checkHome(homeOf(ctx, options))),
  ];
  if (options.json) await outJson(ctx, findings);
  else {
    const width = Math.max(...findings.map((f) => f.check.length));
    for (const f of findings) {
      await ctx.out(`${f.level.padEnd(4)}  ${f.check.padEnd(width)}  ${f.found}\n`);
      if (f.wayOut) await ctx.out(`${' '.repeat(6)}${' '.repeat(width)}  → ${f.wayOut}\n`);
    }
  }
  return findings.every((f) => f.level !== 'fail');
}

export function registerDoctor({ program, action }: Registrar): void {
  program
    .command('doctor')
    .description('whether everything that minvar needs is here and whole, and what to do where it is not')
    .option('--home <dir>', 'folder that keeps everything (MINVAR_HOME)')
    .option('--json', 'one JSON document on stdout')
    .action(action(doctor));
}
