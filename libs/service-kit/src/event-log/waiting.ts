/** Resolves after `ms`, or at once when the signal is aborted; never rejects. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((done) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      done();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish);
  });
}

/** Full jitter on a doubling pause: those who failed together do not come back together. Half of it is certain, so that it does grow. */
export function backoffMs(failures: number, limits: { first: number; longest: number }): number {
  const most = Math.min(limits.longest, limits.first * 2 ** Math.min(30, failures - 1));
  return most * (0.5 + Math.random() / 2);
}

/** Lets at most `size` callers at a time through. */
export function createSlots(size: number): { run<T>(work: () => Promise<T>): Promise<T> } {
  const waiting: (() => void)[] = [];
  let free = size;
  return {
    async run(work) {
      if (free > 0) free -= 1;
      else await new Promise<void>((go) => waiting.push(go));
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else free += 1;
      }
    },
  };
}
