/** Waits `ms` milliseconds, less when the signal aborts. */
export const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });

/** Thrown by work that was given up because the run it was for is over or somebody else's. */
export class GivenUp extends Error {}

/** Thrown when trying again cannot help: bytes that do not match their hash, a document that is no document. */
export class Broken extends Error {}

/**
 * Does something that needs the store or the log until it works: waits with doubling pauses and jitter (100 ms … 5 s), for
 * as long as the signal is quiet. `Broken` is passed on at once.
 */
export async function persist<T>(
  what: string,
  work: () => Promise<T>,
  signal: AbortSignal,
  warn: (text: string) => void,
): Promise<T> {
  for (let pauseMs = 100; ; pauseMs = Math.min(5000, pauseMs * 2)) {
    if (signal.aborted) throw new GivenUp(`${what}: given up`);
    try {
      return await work();
    } catch (e) {
      if (e instanceof Broken || e instanceof GivenUp) throw e;
      warn(`${what}: ${(e as Error).message}; trying again`);
      await pause(pauseMs * (0.5 + Math.random()), signal);
    }
  }
}
