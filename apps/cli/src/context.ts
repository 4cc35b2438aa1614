import type { Environment } from './environment';
import type { Progress } from './output/progress';

/** What a command has: no command touches `process`. */
export interface Context {
  readonly environment: Environment;
  readonly progress: Progress;
  /** aborts at the first ctrl-C or SIGTERM */
  readonly signal: AbortSignal;
  readonly stdoutIsTerminal: boolean;
  readonly columns: number;
  /** stdout; resolves when the text was taken */
  out(text: string | Uint8Array): Promise<void>;
  stdin(): Promise<string>;
}

/** A JSON document on stdout, and nothing else there. */
export const outJson = (ctx: Context, value: unknown): Promise<void> => ctx.out(`${JSON.stringify(value, null, 2)}\n`);
