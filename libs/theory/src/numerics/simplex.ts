/**
 * Maximises c·x subject to A x ≤ b, x ≥ 0 for b ≥ 0 (so that x = 0 is a start), by the simplex method on a full table with Bland's
 * rule, which cannot cycle. Throws when the optimum is unbounded.
 */
export function simplex(a: readonly (readonly number[])[], b: readonly number[], c: readonly number[]): number[] {
  const [rows, columns] = [a.length, c.length];
  const table = a.map((row, i) => Float64Array.from([...row, ...b.map((_, k) => (k === i ? 1 : 0)), b[i]!]));
  const profit = Float64Array.from([...c, ...b.map(() => 0), 0]);
  const basis = b.map((_, i) => columns + i);
  const last = columns + rows;
  const tiny = 1e-11;
  for (;;) {
    const entering = profit.findIndex((v, j) => j < last && v > tiny);
    if (entering < 0) break;
    let leaving = -1;
    let least = Infinity;
    table.forEach((row, i) => {
      if (row[entering]! <= tiny) return;
      const ratio = row[last]! / row[entering]!;
      const tied = leaving >= 0 && Math.abs(ratio - least) <= tiny;
      if (tied ? basis[i]! < basis[leaving]! : ratio < least) [leaving, least] = [i, ratio];
    });
    if (leaving < 0) throw new Error('the linear programme is unbounded: no row limits a variable that improves it');
    const pivot = table[leaving]!;
    const size = pivot[entering]!;
    for (let j = 0; j <= last; j++) pivot[j]! /= size;
    for (const row of [...table, profit]) {
      if (row === pivot || row[entering] === 0) continue;
      const factor = row[entering]!;
      for (let j = 0; j <= last; j++) row[j]! -= factor * pivot[j]!;
    }
    basis[leaving] = entering;
  }
  const x = new Array<number>(columns).fill(0);
  basis.forEach((variable, i) => {
    if (variable < columns) x[variable] = table[i]![last]!;
  });
  return x;
}
