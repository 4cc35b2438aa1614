/** Mean of the values that are not NaN (classes and groups without examples are NaN); NaN when there are none. */
export function meanOfPresent(values: readonly number[]): number {
  const present = values.filter((v) => !Number.isNaN(v));
  return present.reduce((s, v) => s + v / present.length, present.length === 0 ? Number.NaN : 0);
}

/** Mean of the values by the counts; values with count 0 do not matter. NaN when all counts are 0. */
export function meanByCount(values: ArrayLike<number>, counts: ArrayLike<number>): number {
  let [total, sum] = [0, 0];
  for (let i = 0; i < counts.length; i++) {
    if (counts[i]! === 0) continue;
    total += counts[i]!;
    sum += values[i]! * counts[i]!;
  }
  return sum / total;
}
