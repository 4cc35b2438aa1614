/** ψ(x) = d log Γ(x) / dx for x > 0: recurrence up to 10, then the asymptotic series (Abramowitz & Stegun 6.3.18). */
export function digamma(x: number): number {
  let sum = 0;
  let t = x;
  for (; t < 10; t++) sum -= 1 / t;
  const r = 1 / (t * t);
  return (
    sum +
    Math.log(t) -
    0.5 / t -
    r * (1 / 12 - r * (1 / 120 - r * (1 / 252 - r * (1 / 240 - r * (1 / 132 - r * (691 / 32760 - r / 12))))))
  );
}
