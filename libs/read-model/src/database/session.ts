import type { Client } from 'pg';
import { cutOff } from './postgres';
import { asUnavailable, ReadModelUnavailableError } from './unavailable';

/** The one connection of a gateway that hears what the others have done, and holds locks for as long as it lives. */
export interface Session {
  query<R = unknown>(sql: string, parameters?: readonly unknown[]): Promise<R[]>;
}

export interface SessionOptions {
  readonly client: () => Client;
  readonly channel: string;
  /** after each connect, when messages are heard already; that it fails ends the connection, and another one is tried */
  readonly onOpen: (session: Session) => Promise<void>;
  readonly onMessage: (message: string) => void;
  /** now and then, while it is open */
  readonly onBeat: (session: Session) => Promise<void>;
  readonly onNotice: (message: string) => void;
}

const beatMs = 5000;
const deadlineMs = 5000;
const pauses = { firstMs: 100, longestMs: 5000 };

/** States of PostgreSQL that waiting does not mend: a wrong password (28), no such database (3D), no right to do that (42501). */
const hopeless = /^28|^3D|^42501$/;

const within = <T>(ms: number, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ReadModelUnavailableError(`no answer within ${ms / 1000} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
};

/** Keeps a session open: connects again, with growing, jittered pauses, whenever it is lost. */
export function keepSession({ client: create, channel, onOpen, onMessage, onBeat, onNotice }: SessionOptions) {
  const stopping = new AbortController();
  let isOpen = false;
  let last = '';
  let running: Promise<void> | null = null;

  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        stopping.signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      stopping.signal.addEventListener('abort', done);
      if (stopping.signal.aborted) done();
    });

  /** Until the connection is lost, which it throws, or the end. */
  async function open(opened: () => void): Promise<void> {
    const client = create();
    let lose: (e: Error) => void = () => undefined;
    const lost = new Promise<never>((_, reject) => (lose = reject));
    lost.catch(() => undefined);
    client.on('error', (e) => lose(e));
    client.on('end', () => lose(new Error('the connection was closed')));
    client.on('notification', ({ payload }) => onMessage(payload ?? ''));
    const session: Session = {
      query: async <R>(sql: string, parameters: readonly unknown[] = []) =>
        (await Promise.race([client.query(sql, [...parameters]), lost])).rows as R[],
    };
    const stopped = new Promise<void>((resolve) => {
      if (stopping.signal.aborted) resolve();
      stopping.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    try {
      await within(deadlineMs, client.connect());
      await session.query(`listen "${channel}"`);
      await Promise.race([onOpen(session), lost, stopped]);
      if (stopping.signal.aborted) return;
      isOpen = true;
      if (last) onNotice('the read model’s database answers again');
      last = '';
      opened();
      while (!stopping.signal.aborted) {
        await Promise.race([pause(beatMs), lost]);
        if (!stopping.signal.aborted) await within(deadlineMs, onBeat(session));
      }
    } finally {
      isOpen = false;
      lose(new Error('the session has ended'));
      await within(500, client.end()).catch(() => cutOff(client));
    }
  }

  async function keep(opened: () => void, giveUp: (e: unknown) => void): Promise<void> {
    let failures = 0;
    let wasOpen = false;
    while (!stopping.signal.aborted) {
      try {
        await open(() => {
          failures = 0;
          wasOpen = true;
          opened();
        });
      } catch (e) {
        if (stopping.signal.aborted) return;
        if (!wasOpen && hopeless.test((e as { code?: string }).code ?? '')) return giveUp(e);
        const shown = asUnavailable(e);
        const message = shown instanceof Error ? shown.message : String(shown);
        if (message !== last) onNotice(`${message}; trying again`);
        last = message;
        failures += 1;
        const longest = Math.min(pauses.longestMs, pauses.firstMs * 2 ** Math.min(failures - 1, 10));
        await pause(longest * (0.5 + Math.random() / 2));
      }
    }
  }

  return {
    /** Resolves when it was open once; rejects for what waiting does not mend, or when it is stopped before. */
    start: () =>
      new Promise<void>((resolve, reject) => {
        running = keep(resolve, reject).finally(() => reject(new Error('the read model was stopped')));
      }),
    stop: async () => {
      stopping.abort();
      await running;
    },
    isOpen: () => isOpen,
  };
}
