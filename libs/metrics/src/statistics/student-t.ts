/** log Γ(x), x > 0 (C. Lanczos 1964, g = 607/128, coefficients of P. Godfrey): relative error 1e-15. */
export function logGamma(x: number): number {
  const c = [
    0.99999999999999709182, 57.156235665862923517, -59.597960355475491248, 14.136097974741747174,
    -0.49191381609762019978, 3.3994649984811888699e-5, 4.6523628927048575665e-5, -9.8374475304879564677e-5,
    1.5808870322491248884e-4, -2.1026444172410488319e-4, 2.174396181152126432e-4, -1.6431810653676389022e-4,
    8.4418223983852743293e-5, -2.619083840158140867e-5, 3.6899182659531622704e-6,
  ];
  const t = x + 5.2421875;
  const series = c.slice(1).reduce((s, v, i) => s + v / (x + 1 + i), c[0]!);
  return (x + 0.5) * Math.log(t) - t + Math.log((2.5066282746310005 * series) / x);
}

/** Regularised incomplete beta function I_x(a, b): Lentz's continued fraction (Abramowitz & Stegun 26.5.8). */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  const tiny = 1e-300;
  const guard = (v: number): number => (Math.abs(v) < tiny ? tiny : v);
  let d = 1 / guard(1 - ((a + b) * x) / (a + 1));
  let c = 1;
  let fraction = d;
  for (let m = 1; m < 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guard(1 + even * d);
    c = guard(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guard(1 + odd * d);
    c = guard(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return front * fraction;
}

/** P(|T| ≥ |t|) for Student's t with `freedom` degrees of freedom. */
export function studentTwoSided(t: number, freedom: number): number {
  if (!Number.isFinite(t)) return Number.isNaN(t) ? Number.NaN : 0;
  return incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5);
}

/** P(T ≤ t). */
export function studentCdf(t: number, freedom: number): number {
  const tail = studentTwoSided(t, freedom) / 2;
  return t > 0 ? 1 - tail : tail;
}

/** The t ≥ 0 with P(|T| ≥ t) = p, by bisection down to the last bit. */
export function studentCritical(p: number, freedom: number): number {
  if (!(p > 0 && p <= 1)) throw new Error(`p is ${p}; expected a number above 0 and up to 1`);
  let [low, high] = [0, 1];
  while (studentTwoSided(high, freedom) > p) high *= 2;
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) break;
    if (studentTwoSided(middle, freedom) > p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
