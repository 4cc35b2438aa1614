/** What a run must look out for while it works: TensorFlow blocks the event loop, so nothing is heard unless the loop is let go. */
export interface Control {
  /** checkpoint now and end as `interrupted` */
  readonly stopping: () => boolean;
  /** end at once, without a checkpoint */
  readonly abandoned: () => boolean;
}

/** How a run ended; a failure is thrown (see `failureOf`). */
export type TrainEnd = 'finished' | 'interrupted' | 'abandoned';

/** Lets the event loop run when it has not for `everyMs`. */
export function createBreather(everyMs = 50): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < everyMs) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    last = performance.now();
  };
}
