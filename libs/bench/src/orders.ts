import { readSync, writeSync } from 'node:fs';

/** The orders of `Subject` as a process that never leaves its own loop reads them: blocking, from file descriptor 0. */
export function readOrder(): { readonly verb: string; readonly argument: string } {
  const byte = Buffer.alloc(1);
  let line = '';
  for (;;) {
    if (readSync(0, byte, 0, 1, null) === 0) process.exit(0);
    const c = byte.toString('latin1');
    if (c === '\n') break;
    line += c;
  }
  const [verb = '', argument = ''] = line.trim().split(' ');
  return { verb, argument };
}

export const say = (answer: Readonly<Record<string, unknown>>): void =>
  void writeSync(1, `${JSON.stringify(answer)}\n`);
