import type { Fingerprint } from '@minvar/contracts';
import type { Child, ChildCommand, ChildEvent } from './child';
import { startChild } from './child';

/** The one TensorFlow child of an execution: started when first needed, again when it died, shared by the runs in turn. */
export interface Children {
  /** The living child, once it said `ready`. Rejects when it exits before, with what it wrote last. */
  readonly get: () => Promise<{ readonly child: Child; readonly fingerprint: Fingerprint }>;
  /** The living child, if there is one. */
  readonly current: () => Child | null;
  /** Who hears what the child says from now on. */
  readonly listen: (listener: (event: ChildEvent) => void) => void;
  /** Closes the pipe, upon which a child exits by itself; kills it when it has not after the grace time. */
  readonly close: (graceMs: number) => Promise<void>;
}

export class ChildDied extends Error {
  constructor(
    readonly code: number | null,
    readonly signal: string | null,
    said: string,
  ) {
    super(
      `the training process ended with ${signal ?? `exit code ${code ?? 'none'}`}${said === '' ? '' : `; it said last: ${said}`}`,
    );
    this.name = 'ChildDied';
  }
}

const mostSaid = 2000;

export function createChildren(command: ChildCommand): Children {
  let living: { child: Child; ready: Promise<Fingerprint>; said: string } | null = null;
  let listener: (event: ChildEvent) => void = () => {};

  function launch(): NonNullable<typeof living> {
    let heard!: { resolve: (f: Fingerprint) => void; reject: (e: Error) => void };
    const ready = new Promise<Fingerprint>((resolve, reject) => (heard = { resolve, reject }));
    ready.catch(() => {});
    const self: NonNullable<typeof living> = { ready, said: '', child: undefined as never };
    const child = startChild(command, (event) => {
      if (event.kind === 'output' && event.stream === 'stderr')
        self.said = `${self.said}${event.text}\n`.slice(-mostSaid);
      if (event.kind === 'garbled') self.said = `a message that is none: ${event.because}`;
      if (event.kind === 'message' && event.message.kind === 'ready') heard.resolve(event.message.fingerprint);
      if (event.kind === 'exit') {
        if (living === self) living = null;
        heard.reject(new ChildDied(event.code, event.signal, self.said.trim()));
      }
      listener(event);
    });
    return Object.assign(self, { child });
  }

  return {
    current: () => living?.child ?? null,
    listen: (l) => (listener = l),
    get: async () => {
      living ??= launch();
      const { child, ready } = living;
      return { child, fingerprint: await ready };
    },
    close: async (graceMs) => {
      const child = living?.child;
      if (!child) return;
      child.disconnect();
      const timer = setTimeout(child.kill, graceMs);
      await child.exited;
      clearTimeout(timer);
    },
  };
}
