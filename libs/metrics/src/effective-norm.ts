/** √2 ‖W − mean row‖ over some columns: for two classes the length of w = W_1 − W_0, which is all that softmax sees. */
export function effectiveNorm(w: ArrayLike<number>, classes: number, columns: readonly number[]): number {
  const width = w.length / classes;
  let sum = 0;
  for (const j of columns) {
    let mean = 0;
    for (let k = 0; k < classes; k++) mean += w[k * width + j]! / classes;
    for (let k = 0; k < classes; k++) sum += (w[k * width + j]! - mean) ** 2;
  }
  return Math.sqrt(2 * sum);
}
