import { exitCodes } from '@minvar/contracts';

/**
 * For a child of the local executor: when the laboratory is gone, however it ended, calls `onGone` and then exits as interrupted; after
 * `graceMs` at the latest. Does nothing in a process that was started otherwise (a Kubernetes Job).
 */
export function exitWhenParentGone(
  onGone: () => Promise<void> | void,
  { graceMs = 30_000 }: { graceMs?: number } = {},
): void {
  if (!process.channel) return;
  const gone = async (): Promise<void> => {
    setTimeout(() => process.exit(exitCodes.interrupted.code), graceMs).unref();
    try {
      await onGone();
    } finally {
      process.exit(exitCodes.interrupted.code);
    }
  };
  process.once('disconnect', () => void gone());
  // Listening must not keep a process alive that is done.
  process.channel.unref();
}
