import { stream } from '@minvar/random';
import { describe, expect, it } from 'vitest';
import { addGram, project } from './products';
import { symmetricEigen } from './symmetric-eigen';

const random = stream({ seed: 3, purpose: 'data' });
const normals = (n: number): Float64Array => Float64Array.from({ length: n }, () => random.normal());
const entry = (a: Float64Array, b: Float64Array, i: number, j: number, n: number): number => {
  let sum = 0;
  for (let k = 0; k < n; k++) sum += a[i * n + k]! * b[j * n + k]!;
  return sum;
};

describe('symmetricEigen', () => {
  it.each([1, 2, 3, 5, 8, 33, 90])('takes a random matrix of %i rows apart: V A Vᵀ = Λ, V Vᵀ = 1', (n) => {
    const x = normals(n * n);
    const a = Float64Array.from({ length: n * n }, (_, at) => x[at]! + x[(at % n) * n + Math.floor(at / n)]!);
    const { values, vectors } = symmetricEigen(a, n);
    const av = new Float64Array(n * n);
    // A is its own transpose.
    project({ values: vectors, from: 0, n, width: n }, a, n, null, av);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        expect(entry(vectors, vectors, i, j, n)).toBeCloseTo(i === j ? 1 : 0, 12);
        expect(entry(av, vectors, i, j, n)).toBeCloseTo(i === j ? values[i]! : 0, 10);
      }
    expect([...values]).toEqual([...values].sort((p, q) => q - p));
  });

  it('has the closed-form eigenvalues of the second difference, 2 − 2 cos(πj/(n + 1))', () => {
    const n = 40;
    const a = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      a[i * n + i] = 2;
      if (i > 0) a[i * n + i - 1] = a[(i - 1) * n + i] = -1;
    }
    const expected = Array.from({ length: n }, (_, j) => 2 - 2 * Math.cos((Math.PI * (n - j)) / (n + 1)));
    expect([...symmetricEigen(a, n).values]).toEqual(expected.map((v) => expect.closeTo(v, 12)));
  });

  it('takes equal, zero and widely spread eigenvalues, and diagonal matrices as they are', () => {
    expect([...symmetricEigen(Float64Array.of(3, 0, 0, 0, 3, 0, 0, 0, 3), 3).values]).toEqual([3, 3, 3]);
    expect([...symmetricEigen(new Float64Array(16), 4).values]).toEqual([0, 0, 0, 0]);
    expect([...symmetricEigen(Float64Array.of(1e-12, 0, 0, 1e12), 2).values]).toEqual([1e12, 1e-12]);
    expect([...symmetricEigen(Float64Array.of(-7), 1).values]).toEqual([-7]);
  });

  it('refuses what is not finite, by entry', () => {
    expect(() => symmetricEigen(Float64Array.of(1, 2, NaN, 1), 2)).toThrow('matrix[1, 0] is NaN');
  });
});

describe('products', () => {
  it.each([
    [1, 1, 1],
    [3, 5, 2],
    [4, 4, 3],
    [6, 9, 7],
  ])('of %i rows, %i wide, on %i axes equal the plain sums', (n, width, count) => {
    const [x, axes, shift] = [normals(n * width + 3), normals(count * width), normals(width)];
    const out = new Float64Array(n * count);
    project({ values: x, from: 3, n, width }, axes, count, shift, out);
    for (let i = 0; i < n; i++)
      for (let a = 0; a < count; a++) {
        let sum = 0;
        for (let j = 0; j < width; j++) sum += (x[3 + i * width + j]! - shift[j]!) * axes[a * width + j]!;
        expect(out[i * count + a]).toBeCloseTo(sum, 12);
      }
    const gram = new Float64Array(n * n).fill(1);
    addGram(x.subarray(3), n, width, gram);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        let sum = 1;
        for (let c = 0; c < width; c++) sum += x[3 + i * width + c]! * x[3 + j * width + c]!;
        expect(gram[i * n + j]).toBeCloseTo(sum, 12);
      }
  });
});
