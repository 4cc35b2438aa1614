/** Times of the last steps, for telling a hang from slow work. All in milliseconds of one monotonic clock. */
export interface HangClock {
  readonly lastMs: number;
  readonly lastStep: number;
  /** milliseconds a step, newest last, at most `kept` of them */
  readonly perStep: readonly number[];
}

const kept = 101;

export const startHangClock = (nowMs: number, step = 0): HangClock => ({ lastMs: nowMs, lastStep: step, perStep: [] });

/** Takes a report that `step` steps are done; one that is no progress changes nothing. */
export function stepped(clock: HangClock, step: number, nowMs: number): HangClock {
  if (step <= clock.lastStep) return clock;
  const each = (nowMs - clock.lastMs) / (step - clock.lastStep);
  return { lastMs: nowMs, lastStep: step, perStep: [...clock.perStep, each].slice(-kept) };
}

/** Takes a sign of life without a step, from an evaluation that may last longer than any step. */
export const heard = (clock: HangClock, nowMs: number): HangClock => ({ ...clock, lastMs: nowMs });

/** No step, and no other sign of life, within max(`floorMs`, 20 × the median time of a step) is a hang. */
export function hangs(clock: HangClock, nowMs: number, floorMs: number): boolean {
  const sorted = [...clock.perStep].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return nowMs - clock.lastMs > Math.max(floorMs, 20 * median);
}
