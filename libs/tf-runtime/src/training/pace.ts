/** Decides how many steps the next run has. */
export interface Pace {
  /** steps of the next run when `left` whole batches of the epoch are left */
  readonly next: (left: number) => number;
  /** takes how long a run of so many steps took, in milliseconds */
  readonly took: (steps: number, ms: number) => void;
}

/** How long a run should last at most, in milliseconds: signals are heard between runs only, and so are steps by who watches for hangs. */
const longestRun = 250;
/** runs whose median counts */
const measured = 3;

/**
 * Goes up the ladder of steps a run as long as the steps measured so far promise a run of at most `longestMs`, one rung at a time, and back
 * down when a run has become more than twice as long as that. The first run of a rung prepares kernels and does not count. Where
 * less of the epoch is left than the rung has, its batches go one by one.
 */
export function createPace(ladder: readonly [number, ...number[]], longestMs = longestRun): Pace {
  let rung = 0;
  const prepared = new Set<number>();
  let recent: number[] = [];
  const steps = (): number => ladder[rung]!;
  const go = (to: number): void => {
    rung = to;
    recent = [];
  };
  return {
    next: (left) => (steps() <= left ? steps() : 1),
    took: (k, ms) => {
      if (!prepared.has(k)) return void prepared.add(k);
      if (k !== steps()) return;
      recent = [...recent, ms].slice(-measured);
      if (recent.length < measured) return;
      const run = [...recent].sort((a, b) => a - b)[Math.floor(measured / 2)]!;
      const up = ladder[rung + 1];
      if (rung > 0 && run > 2 * longestMs) go(rung - 1);
      else if (up !== undefined && (run / k) * up <= longestMs) go(rung + 1);
    },
  };
}
