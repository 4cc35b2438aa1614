/** Does one piece of work again and again: at intervals and when woken, never twice at a time, slower after failures. */
export interface Reconciler {
  readonly start: () => void;
  readonly wake: () => void;
  /** Waits for the work under way. */
  readonly stop: () => Promise<void>;
}

export function createReconciler(options: {
  everyMs: number;
  work: () => Promise<void>;
  failed: (e: Error) => void;
}): Reconciler {
  let running: Promise<void> | null = null;
  let again = false;
  let stopped = true;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;

  function schedule(ms: number): void {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(wake, ms);
  }

  async function once(): Promise<void> {
    try {
      await options.work();
      failures = 0;
    } catch (e) {
      failures++;
      again = false;
      options.failed(e as Error);
    }
  }

  function wake(): void {
    if (stopped) return;
    if (running) {
      again = true;
      return;
    }
    clearTimeout(timer);
    again = false;
    running = once().finally(() => {
      running = null;
      if (again) setImmediate(wake);
      else schedule(failures === 0 ? options.everyMs : Math.min(10_000, 100 * 2 ** failures) * (0.5 + Math.random()));
    });
  }

  return {
    start: () => {
      stopped = false;
      wake();
    },
    wake,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
