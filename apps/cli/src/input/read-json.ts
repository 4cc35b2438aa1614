import { readFile } from 'node:fs/promises';
import { fromCaller } from '../connection';
import type { Context } from '../context';
import { UsageError } from '../errors';

/** JSON that an option names: a file, `-` for stdin, or the text itself where it begins with a brace. A UsageError names what is wrong. */
export async function readJson(ctx: Context, option: string, given: string): Promise<unknown> {
  const isText = given.trimStart().startsWith('{');
  const name = given === '-' ? 'stdin' : isText ? option : `${option} '${given}'`;
  let text = given;
  if (given === '-') text = await ctx.stdin();
  else if (!isText) {
    try {
      text = await readFile(fromCaller(ctx, given), 'utf8');
    } catch (e) {
      throw new UsageError(`${name} cannot be read: ${(e as Error).message}`);
    }
  }
  try {
    return JSON.parse(text);
  } catch (e) {
    const nan = /\b(NaN|-?Infinity)\b/.exec(text);
    const hint = nan ? `; JSON has no ${nan[0]}, all numbers must be finite` : '';
    throw new UsageError(`${name} is not JSON: ${(e as Error).message}${hint}`);
  }
}
