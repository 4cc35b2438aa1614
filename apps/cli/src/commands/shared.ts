import type { Command } from 'commander';
import type { Context } from '../context';
import { UsageError } from '../errors';
import { parseSlots } from '../environment';

/** Adds commands to the program; `run` wraps an action with the context and turns its answer into the exit code. */
export interface Registrar {
  readonly program: Command;
  action<A extends unknown[]>(
    work: (ctx: Context, ...args: A) => Promise<boolean | void>,
  ): (...args: A) => Promise<void>;
}

export const connectionOptions = (command: Command): Command =>
  command
    .option('--server <url>', 'use the gateway at this address (MINVAR_SERVER)')
    .option('--home <dir>', 'folder that keeps everything (MINVAR_HOME)')
    .option('--data <dir>', 'local copies of the datasets’ files, for a laboratory started here (MINVAR_DATA_DIR)');

export const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

export function wholeNumber(option: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined;
  const n = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (n >= min && n <= max) return n;
  throw new UsageError(`${option} is '${text}', but a whole number from ${min} to ${max} is needed`);
}

export function slotsOf(ctx: Context, text: string | undefined): number {
  if (text === undefined) return ctx.environment.slots;
  const parsed = parseSlots.safeParse(text);
  if (!parsed.success) throw new UsageError(`--slots is '${text}', but ${parsed.error.issues[0]!.message}`);
  return parsed.data;
}

/** `path=value` of --set, checked for its form; what paths there are is the gateway's knowledge. */
export function assignments(option: string, given: readonly string[] | undefined): string[] {
  for (const text of given ?? []) {
    if (!/^[A-Za-z][\w.]*=.+$/s.test(text)) {
      throw new UsageError(
        `${option} is '${text}', but path=value is needed, for example ${option} epochs=5 or ${option} method.alpha=0.2`,
      );
    }
  }
  return [...(given ?? [])];
}
