/** One stream of numbers for everything that happens in a seed. */
export interface Random {
  /** uniform in [0, 1) */
  readonly next: () => number;
  /** whole number in [from, to] */
  readonly between: (from: number, to: number) => number;
  /** true with this probability */
  readonly chance: (p: number) => boolean;
  readonly pick: <T>(items: readonly T[]) => T;
}

/** mulberry32 (Ettinger 2017): 32 bits of state are plenty for a schedule, and it is fast. */
export function createRandom(seed: number): Random {
  let state = Math.imul(seed, 0x9e3779b1) | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
  return { next, between, chance: (p) => next() < p, pick: (items) => items[between(0, items.length - 1)]! };
}
