import { statfsSync } from 'node:fs';
import { isFull } from './errors';
import { backoffMs, pause } from './event-log/waiting';

/** Bytes that count as somebody having freed some. */
const enough = 16 * 1024 * 1024;
const lookEveryMs = 500;
const backoff = { first: 200, longest: 5000 };

/** Bytes that the disk of a folder has left for whoever asks. */
export function bytesFree(dir: string): number {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize;
}

/** Waits until the disk of `dir` has clearly more room than at the call, at most `longestMs`, or until the signal aborts. */
export async function untilRoom(dir: string, longestMs: number, signal: AbortSignal): Promise<void> {
  const wanted = bytesFree(dir) + enough;
  for (let left = longestMs; left > 0 && !signal.aborted; left -= lookEveryMs) {
    await pause(Math.min(left, lookEveryMs), signal);
    if (bytesFree(dir) >= wanted) return;
  }
}

/** Does something that writes, again with growing pauses while the disk is full. Other failures are passed on, a full disk too once the signal aborts. */
export async function whenThereIsRoom<T>(
  work: () => Promise<T>,
  { signal, onFull }: { readonly signal: AbortSignal; readonly onFull: (error: Error) => void },
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await work();
    } catch (error) {
      if (!isFull(error) || signal.aborted) throw error;
      onFull(error as Error);
      await pause(backoffMs(failures, backoff), signal);
    }
  }
}
