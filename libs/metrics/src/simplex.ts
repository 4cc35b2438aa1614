/** Rows of a K × D matrix minus their mean, with their lengths; classes that are left out have NaN. */
export interface CentredRows {
  readonly rows: Float64Array;
  readonly norms: number[];
  readonly present: readonly number[];
  readonly width: number;
}

/** Rows minus the mean of those that are present: the simplex’s centre, every class alike. */
export function centred(values: ArrayLike<number>, classes: number, present: readonly number[]): CentredRows {
  const width = values.length / classes;
  const mean = new Float64Array(width);
  for (const k of present) for (let j = 0; j < width; j++) mean[j]! += values[k * width + j]! / present.length;
  const rows = new Float64Array(values.length).fill(Number.NaN);
  for (const k of present) for (let j = 0; j < width; j++) rows[k * width + j] = values[k * width + j]! - mean[j]!;
  const norms = Array.from({ length: classes }, (_, k) => {
    let sum = 0;
    for (let j = 0; j < width; j++) sum += rows[k * width + j]! ** 2;
    return Math.sqrt(sum);
  });
  return { rows, norms, present, width };
}

const mean = (x: readonly number[]): number => x.reduce((s, v) => s + v / x.length, x.length === 0 ? Number.NaN : 0);
const deviation = (x: readonly number[]): number => {
  const m = mean(x);
  return Math.sqrt(mean(x.map((v) => (v - m) ** 2)));
};

/** How far from a simplex’s equal lengths and equal angles the rows are: 0 each at a simplex equiangular tight frame. */
export function simplexDistance({ rows, norms, present, width }: CentredRows): {
  readonly equinorm: { readonly value: number; readonly perClass: number[] };
  readonly equiangle: { readonly value: number; readonly perClass: number[] };
  readonly maximalAngle: { readonly value: number; readonly perClass: number[] };
} {
  const own = present.map((k) => norms[k]!);
  const wanted = -1 / (present.length - 1);
  const cosines = norms.map((): number[] => []);
  const all: number[] = [];
  for (const i of present)
    for (const j of present) {
      if (j >= i) continue;
      let dot = 0;
      for (let d = 0; d < width; d++) dot += rows[i * width + d]! * rows[j * width + d]!;
      const cosine = dot / (norms[i]! * norms[j]!);
      all.push(cosine);
      cosines[i]!.push(cosine);
      cosines[j]!.push(cosine);
    }
  const distances = (x: readonly number[]): number[] => x.map((c) => Math.abs(c - wanted));
  return {
    equinorm: { value: deviation(own) / mean(own), perClass: norms.map((n) => n / mean(own)) },
    equiangle: { value: deviation(all), perClass: cosines.map(deviation) },
    maximalAngle: { value: mean(distances(all)), perClass: cosines.map((c) => mean(distances(c))) },
  };
}
