import type { Channel } from './child';

/** The IPC channel of this process. It leaves only after everything it said has gone out. */
export function processChannel(): Channel {
  let unsent = 0;
  let leaving: number | null = null;
  const leave = (): void => {
    if (leaving !== null && unsent === 0) process.exit(leaving);
  };
  return {
    send: (message) => {
      if (!process.connected) return;
      unsent++;
      process.send!(message, undefined, undefined, () => {
        unsent--;
        leave();
      });
    },
    onMessage: (listener) => void process.on('message', listener),
    onClose: (listener) => void process.on('disconnect', listener),
    exit: (code) => {
      leaving ??= code;
      if (!process.connected) process.exit(leaving);
      leave();
    },
  };
}
