import { fork } from 'node:child_process';
import type { FromChild, ToChild } from '@minvar/contracts';
import { fromChild, toChild } from '@minvar/contracts';
import type { OutputLevel } from './child-output';
import { createLines, levelOf } from './child-output';

/** How to start the TensorFlow child: a Node program that speaks the pipe protocol over its IPC channel. */
export interface ChildCommand {
  /** JavaScript file */
  readonly path: string;
  readonly args?: readonly string[];
  /** replaces the supervisor's environment when given */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly execArgv?: readonly string[];
}

export type ChildEvent =
  | { readonly kind: 'message'; readonly message: FromChild }
  /** neither side may guess what the other meant: the child is killed */
  | { readonly kind: 'garbled'; readonly because: string }
  /** a line of text; what TensorFlow writes whenever it is loaded is left out */
  | {
      readonly kind: 'output';
      readonly stream: 'stdout' | 'stderr';
      readonly level: OutputLevel;
      readonly text: string;
    }
  | { readonly kind: 'exit'; readonly code: number | null; readonly signal: string | null };

export interface Child {
  readonly pid: number | undefined;
  /** Validates, then sends; a child that is gone hears nothing, its exit has been or will be reported. */
  readonly send: (message: ToChild) => void;
  readonly kill: () => void;
  /** closes the pipe: the child exits by itself */
  readonly disconnect: () => void;
  readonly exited: Promise<void>;
}

/** Starts a child and reports everything it says, in order; `exit` comes last. */
export function startChild(command: ChildCommand, on: (event: ChildEvent) => void): Child {
  const child = fork(command.path, command.args ?? [], {
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [...(command.execArgv ?? [])],
    ...(command.env ? { env: command.env as NodeJS.ProcessEnv } : {}),
  });
  const kill = (): void => void child.kill('SIGKILL');
  let garbled = false;
  child.on('message', (raw) => {
    if (garbled) return;
    const parsed = fromChild.safeParse(raw);
    if (parsed.success) return on({ kind: 'message', message: parsed.data });
    garbled = true;
    on({ kind: 'garbled', because: parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; ') });
    kill();
  });
  const outputs = (['stdout', 'stderr'] as const).map((stream) => {
    const lines = createLines((text) => {
      const level = levelOf(text);
      if (level) on({ kind: 'output', stream, level, text });
    });
    child[stream]!.setEncoding('utf8').on('data', lines.add);
    return lines;
  });
  const exited = new Promise<void>((resolve) => {
    let ended = false;
    const end = (code: number | null, signal: string | null): void => {
      if (ended) return;
      ended = true;
      for (const lines of outputs) lines.end();
      on({ kind: 'exit', code, signal });
      resolve();
    };
    // Its last words come first: the pipe and both streams are read to their ends, unless a grandchild keeps them open.
    // ('close' would say so, but is never emitted after this side has disconnected.)
    const words = [
      new Promise<void>((said) => (child.connected ? child.once('disconnect', () => said()) : said())),
      ...[child.stdout!, child.stderr!].map(
        (stream) => new Promise<void>((said) => stream.once('close', () => said())),
      ),
    ];
    child.once('exit', (code, signal) => {
      const longest = new Promise<void>((said) => setTimeout(said, 1000).unref());
      void Promise.race([Promise.all(words), longest]).then(() => end(code, signal));
    });
    child.once('error', (e) => {
      on({ kind: 'output', stream: 'stderr', level: 'error', text: `${command.path}: ${e.message}` });
      if (child.pid === undefined) end(null, null);
    });
  });
  return {
    pid: child.pid,
    send: (message) => {
      if (child.connected) child.send(toChild.parse(message), () => {});
    },
    kill,
    disconnect: () => {
      if (child.connected) child.disconnect();
    },
    exited,
  };
}
