import { Command, CommanderError } from 'commander';
import type { Context } from './context';
import { registerAudit } from './commands/audit';
import { registerBench } from './commands/bench';
import { registerData } from './commands/data';
import { registerDead } from './commands/dead';
import { registerDoctor } from './commands/doctor';
import { registerExperiment } from './commands/experiment';
import { registerGc } from './commands/gc';
import { registerLinear } from './commands/linear';
import { registerReadModel } from './commands/read-model';
import { registerResults } from './commands/results';
import { registerRuns } from './commands/runs';
import type { Registrar } from './commands/shared';
import { registerService } from './commands/service';
import { registerStart } from './commands/start';
import { registerUp } from './commands/up';
import { UsageError } from './errors';

const commands: readonly ((r: Registrar) => void)[] = [
  registerStart,
  registerUp,
  registerService,
  registerExperiment,
  registerResults,
  registerRuns,
  registerData,
  registerLinear,
  registerAudit,
  registerReadModel,
  registerGc,
  registerDead,
  registerBench,
  registerDoctor,
];

function prepare(command: Command, write: (text: string) => void): void {
  command.exitOverride().showHelpAfterError(false).showSuggestionAfterError(true).allowExcessArguments(false);
  command.configureOutput({ writeErr: () => undefined, writeOut: write });
  for (const sub of command.commands) prepare(sub, write);
}

/**
 * Runs a command line; the exit code. Throws UsageError, WorkError or InterruptedError: `main` writes them. Help goes to
 * stdout, for it was asked for.
 */
export async function runProgram(
  argv: readonly string[],
  version: string,
  context: () => Context,
  write: (text: string) => void,
): Promise<number> {
  let code = 0;
  const program = new Command('minvar');
  program
    .description('A laboratory for one question: which features does a network learn when labels are augmented?')
    .version(version, '-v, --version')
    .helpCommand('help [command]', 'what a command does and takes');
  const registrar: Registrar = {
    program,
    action:
      (work) =>
      async (...args) => {
        // commander passes the command itself last
        const ok = await work(context(), ...args);
        if (ok === false) code = 1;
      },
  };
  for (const register of commands) register(registrar);
  prepare(program, write);
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (e) {
    if (!(e instanceof CommanderError)) throw e;
    if (e.exitCode === 0) return 0;
    const path = argv.filter((a) => /^[a-z-]+$/.test(a) && !a.startsWith('-')).slice(0, 2);
    const found = path.reduce<Command>((c, name) => c.commands.find((s) => s.name() === name) ?? c, program);
    const names: string[] = [];
    for (let c: Command | null = found; c; c = c.parent) names.unshift(c.name());
    if (e.code === 'commander.help') {
      // a group without its command: `minvar runs`
      throw new UsageError(`which command? ${found.helpInformation().trimEnd()}`);
    }
    throw new UsageError(`${e.message.replace(/^error: /, '')}\nsee \`${names.join(' ')} --help\``);
  }
  return code;
}
