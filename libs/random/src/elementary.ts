/**
 * Natural logarithm and exponential from IEEE 754 arithmetic alone. ECMAScript leaves the last bit of `Math.log` and `Math.exp` to
 * the engine; these give the same bits everywhere. Algorithms and coefficients: fdlibm 5.3, e_log.c and e_exp.c (Sun Microsystems,
 * 1993; freely distributable), error below 1 ulp.
 */
const ln2High = 6.9314718036912381649e-1;
const ln2Low = 1.90821492927058770002e-10;

const scratch = new DataView(new ArrayBuffer(8));

/** ln x for finite x > 0 that are not subnormal. */
export function log(x: number): number {
  scratch.setFloat64(0, x);
  const high = scratch.getUint32(0);
  // x = 2^k (1 + f) with √2/2 < 1 + f < √2
  const shift = ((high & 0xfffff) + 0x95f64) & 0x100000;
  const k = (high >>> 20) - 1023 + (shift >>> 20);
  scratch.setUint32(0, ((high & 0xfffff) | (shift ^ 0x3ff00000)) >>> 0);
  const f = scratch.getFloat64(0) - 1;
  if (f === 0) return k * ln2High + k * ln2Low;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const even = w * (3.999999999940941908e-1 + w * (2.222219843214978396e-1 + w * 1.531383769920937332e-1));
  const odd =
    z *
    (6.66666666666673513e-1 +
      w * (2.857142874366239149e-1 + w * (1.818357216161805012e-1 + w * 1.479819860511658591e-1)));
  const half = 0.5 * f * f;
  return k * ln2High - (half - (s * (half + even + odd) + k * ln2Low) - f);
}

/** eˣ for −700 < x < 700; 0 below (a draw that small is not told from 0). */
export function exp(x: number): number {
  if (x < -700) return 0;
  const k = Math.round(x / (ln2High + ln2Low));
  const high = x - k * ln2High;
  const low = k * ln2Low;
  const r = high - low;
  const t = r * r;
  const c =
    r -
    t *
      (1.66666666666666019037e-1 +
        t *
          (-2.7777777777015593384e-3 +
            t * (6.61375632143793436117e-5 + t * (-1.6533902205465251539e-6 + t * 4.13813679705723846039e-8))));
  const y = 1 - (low - (r * c) / (2 - c) - high);
  // 2^k in two factors, so that neither leaves the normal range
  const half = k >> 1;
  return y * powerOfTwo(half) * powerOfTwo(k - half);
}

function powerOfTwo(k: number): number {
  scratch.setUint32(0, (k + 1023) << 20);
  scratch.setUint32(4, 0);
  return scratch.getFloat64(0);
}
