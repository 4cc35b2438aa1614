import { fork } from 'node:child_process';
import type { GramAnswer, GramRequest } from './protocol';

/** The Gram matrix in the making, in a process of its own. */
export interface GramWork {
  readonly answer: Promise<GramAnswer>;
  readonly stop: () => void;
}

/** Starts the child program at `path` on a file of activations. Never throws: what goes wrong is the answer. */
export function startGram(path: string, request: GramRequest): GramWork {
  const child = fork(path, [], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] });
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)));
  const answer = new Promise<GramAnswer>((resolve) => {
    child.on('message', (m: GramAnswer) => resolve(m));
    child.on('error', (e) => resolve({ ok: false, message: e.message }));
    child.on('exit', (code, signal) =>
      resolve({ ok: false, message: `the process ended (${signal ?? code})${said ? `: ${said.trim()}` : ''}` }),
    );
  });
  child.send(request);
  return { answer, stop: () => void child.kill('SIGKILL') };
}
