/** Events in order of arrival, taken one at a time. */
export interface Inbox<T> {
  readonly put: (item: T) => void;
  /** Whether something like this waits behind the item that was taken last. */
  readonly holds: (like: (item: T) => boolean) => boolean;
  /** The next item; null as soon as the signal aborts. */
  readonly take: (signal: AbortSignal) => Promise<T | null>;
}

export function createInbox<T>(): Inbox<T> {
  const items: T[] = [];
  let wake: () => void = () => {};
  return {
    put: (item) => {
      items.push(item);
      wake();
    },
    holds: (like) => items.some(like),
    take: async (signal) => {
      while (!signal.aborted) {
        const item = items.shift();
        if (item !== undefined) return item;
        await new Promise<void>((resolve) => {
          wake = () => {
            signal.removeEventListener('abort', wake);
            resolve();
          };
          signal.addEventListener('abort', wake, { once: true });
        });
      }
      return null;
    },
  };
}
