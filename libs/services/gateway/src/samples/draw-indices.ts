/** `count` different numbers below `n` in the order drawn, a function of the seed (mulberry32 and a sparse Fisher–Yates shuffle). */
export function drawIndices(n: number, count: number, seed: number): number[] {
  let state = seed >>> 0;
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const moved = new Map<number, number>();
  return Array.from({ length: Math.min(n, count) }, (_, i) => {
    const j = i + Math.floor(random() * (n - i));
    const drawn = moved.get(j) ?? j;
    moved.set(j, moved.get(i) ?? i);
    return drawn;
  });
}
