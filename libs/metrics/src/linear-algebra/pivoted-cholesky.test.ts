import { stream } from '@minvar/random';
import { describe, expect, it } from 'vitest';
import { addGram } from './products';
import { backwardSolve, forwardSolve, pivotedCholesky } from './pivoted-cholesky';

const random = stream({ seed: 6, purpose: 'data' });
const product = (a: Float64Array, n: number, x: ArrayLike<number>): number[] =>
  Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += a[i * n + j]! * x[j]!;
    return sum;
  });

describe('pivoted Cholesky', () => {
  it.each([
    [1, 1],
    [6, 6],
    [13, 13],
    [13, 4],
    [150, 150],
    [150, 90],
  ])('of a random matrix of %i rows and rank %i has that rank, and solves', (n, rank) => {
    const x = Float64Array.from({ length: n * rank }, () => random.normal());
    const a = new Float64Array(n * n);
    addGram(x, n, rank, a);
    const factor = pivotedCholesky(a, n, 1e-12);
    expect(factor.pivots).toHaveLength(rank);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let k = 0; k < rank; k++) sum += factor.lower[i * n + k]! * factor.lower[j * n + k]!;
        expect(sum).toBeCloseTo(a[i * n + j]!, 10);
      }
    // A solution of A s = b for b in the range, and vᵀ A v = yᵀ y.
    const b = product(
      a,
      n,
      Array.from({ length: n }, () => random.normal()),
    );
    const y = forwardSolve(factor, n, b);
    const s = backwardSolve(factor, n, y);
    product(a, n, s).forEach((v, i) => expect(v).toBeCloseTo(b[i]!, 8));
    expect(product(a, n, s).reduce((t, v, i) => t + v * s[i]!, 0) / y.reduce((t, v) => t + v * v, 0)).toBeCloseTo(
      1,
      10,
    );
  });

  it('takes no row of a matrix without variance', () => {
    expect(pivotedCholesky(new Float64Array(9), 3, 1e-6).pivots).toEqual([]);
  });
});
