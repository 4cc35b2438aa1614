import { readFileSync } from 'node:fs';
import { readEnvironment } from './environment';
import type { Context } from './context';
import { exitCodeOf } from './errors';
import { createProgress } from './output/progress';
import { runProgram } from './program';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const interrupted = new AbortController();
/** 128 + the signal’s number, as shells have it */
const stopped = { SIGINT: 130, SIGTERM: 143 };
let exitSignal: keyof typeof stopped | null = null;

const progress = createProgress({
  isTerminal: process.stderr.isTTY === true,
  columns: process.stderr.columns || 100,
  write: (text) => void process.stderr.write(text),
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (exitSignal) process.exit(stopped[signal]);
    exitSignal = signal;
    progress.line('minvar: stopping … (again: stop at once)');
    interrupted.abort();
  });
}
// a reader that went away (`| head`) is no failure of ours
process.stdout.on('error', (e: NodeJS.ErrnoException) => process.exit(e.code === 'EPIPE' ? 0 : 1));

const context = (): Context => ({
  environment: readEnvironment(),
  progress,
  signal: interrupted.signal,
  stdoutIsTerminal: process.stdout.isTTY === true,
  columns: Math.max(40, Math.min(process.stdout.columns || 120, 160)),
  out: (text) => new Promise((resolve, reject) => process.stdout.write(text, (e) => (e ? reject(e) : resolve()))),
  stdin: async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString('utf8');
  },
});

async function main(): Promise<number> {
  try {
    const code = await runProgram(process.argv.slice(2), version, context, (text) => void process.stdout.write(text));
    return exitSignal ? stopped[exitSignal] : code;
  } catch (e) {
    progress.clear();
    const message = e instanceof Error ? e.message : String(e);
    process.stderr.write(`minvar: ${message}\n`);
    const expected = e instanceof Error && ['UsageError', 'WorkError', 'InterruptedError'].includes(e.name);
    if (!expected && e instanceof Error) process.stderr.write(`${e.stack}\n`);
    return exitSignal ? stopped[exitSignal] : exitCodeOf(e);
  }
}

process.exit(await main());
