import { exp, log } from './elementary';
import { mulHigh, philox } from './philox';

/** Which part of a run a stream feeds. Streams of different purposes are independent, so no method shifts another's draws. */
export type Purpose = 'init' | 'order' | 'augment' | 'mix' | 'data';

export interface StreamKey {
  /** 0 … 2^32 − 1 */
  readonly seed: number;
  readonly purpose: Purpose;
  /** 0 … 2^32 − 1; 0 where the purpose has none */
  readonly epoch?: number;
  readonly step?: number;
}

export interface RandomStream {
  /** uniform on 0 … 2^32 − 1 */
  uint32(): number;
  /** uniform on the multiples of 2^-53 in [0, 1) */
  uniform(): number;
  /** uniform on 0 … n − 1, without bias (Lemire, ACM TOMACS 29(1), 2019); 1 ≤ n ≤ 2^32 − 1 */
  below(n: number): number;
  /** standard normal (Marsaglia & Bray's polar method, SIAM Review 6(3), 1964) */
  normal(): number;
  /** Gamma(shape, 1), shape > 0 (Marsaglia & Tsang, ACM TOMS 26(3), 2000) */
  gamma(shape: number): number;
  /** Beta(a, b), a, b > 0, as a ratio of gammas in log space: exact 0 and 1 occur only where float64 has nothing nearer */
  beta(a: number, b: number): number;
  /** a uniformly random order of 0 … n − 1 (Fisher & Yates) */
  permutation(n: number): Int32Array;
  /** the child stream of that name: it depends on this stream's key and the name, not on what was drawn before */
  fork(name: string): RandomStream;
}

/** Name of the scheme in checkpoints. Any change of a draw needs another one. */
export const randomScheme = 'philox4x32-10/v1';

/**
 * The stream of (seed, purpose, epoch, step). Equal keys give equal draws on every machine: only IEEE 754 +, −, ×, ÷, √ and integer
 * operations are used, no engine-dependent `Math` function.
 *
 * @example stream({ seed: 100, purpose: 'order', epoch: 3 }).permutation(5000)
 */
export function stream({ seed, purpose, epoch = 0, step = 0 }: StreamKey): RandomStream {
  for (const [name, value] of Object.entries({ seed, epoch, step })) {
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
      throw new Error(
        `random stream '${purpose}': ${name} is ${value}; it must be a whole number from 0 to 4294967295`,
      );
    }
  }
  return streamOf(derivedKey([seed, 0], purpose), epoch, step);
}

type Key = readonly [number, number];

/** A key for a name: Philox in Davies–Meyer chaining over the name's UTF-8 bytes, 16 at a time, the length in the padding. */
function derivedKey(key: Key, name: string): Key {
  const bytes = new TextEncoder().encode(name);
  const padded = new DataView(new ArrayBuffer(Math.ceil((bytes.length + 5) / 16) * 16));
  bytes.forEach((byte, i) => padded.setUint8(i, byte));
  padded.setUint8(bytes.length, 0x80);
  padded.setUint32(padded.byteLength - 4, bytes.length, true);
  const state = new Uint32Array(4);
  const out = new Uint32Array(4);
  for (let at = 0; at < padded.byteLength; at += 16) {
    for (let i = 0; i < 4; i++) state[i]! ^= padded.getUint32(at + 4 * i, true);
    philox(state[0]!, state[1]!, state[2]!, state[3]!, key[0], key[1], out);
    for (let i = 0; i < 4; i++) state[i]! ^= out[i]!;
  }
  return [state[0]!, state[1]!];
}

function streamOf(key: Key, epoch: number, step: number): RandomStream {
  const words = new Uint32Array(4);
  let block = 0;
  let used = 4;
  let spare: number | null = null;

  const uint32 = (): number => {
    if (used === 4) {
      philox(block >>> 0, Math.floor(block / 0x100000000), epoch, step, key[0], key[1], words);
      block++;
      used = 0;
    }
    return words[used++]!;
  };
  const uniform = (): number => {
    const high = uint32() >>> 5;
    const low = uint32() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  };
  const below = (n: number): number => {
    if (!Number.isInteger(n) || n < 1 || n > 0xffffffff)
      throw new Error(`random stream: below(${n}) has nothing to draw from`);
    const rejected = 0x100000000 % n;
    for (;;) {
      const word = uint32();
      if (Math.imul(word, n) >>> 0 >= rejected) return mulHigh(word, n);
    }
  };
  const normal = (): number => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    for (;;) {
      const u = 2 * uniform() - 1;
      const v = 2 * uniform() - 1;
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const scale = Math.sqrt((-2 * log(s)) / s);
      spare = v * scale;
      return u * scale;
    }
  };
  const logGamma = (shape: number): number => {
    if (!(shape > 0) || !Number.isFinite(shape))
      throw new Error(`random stream: a gamma or beta parameter is ${shape}; it must be a positive number`);
    // Gamma(a) = Gamma(a + 1) · U^(1/a): the method below needs a ≥ 1
    if (shape < 1) return logGamma(shape + 1) + log(1 - uniform()) / shape;
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = normal();
      const root = 1 + c * x;
      if (root <= 0) continue;
      const v = root * root * root;
      if (log(1 - uniform()) < 0.5 * x * x + d - d * v + d * log(v)) return log(d) + log(v);
    }
  };
  return {
    uint32,
    uniform,
    below,
    normal,
    gamma: (shape) => exp(logGamma(shape)),
    beta: (a, b) => {
      if (a === 1 && b === 1) return uniform();
      const difference = logGamma(b) - logGamma(a);
      return difference > 0 ? exp(-difference) / (1 + exp(-difference)) : 1 / (1 + exp(difference));
    },
    permutation: (n) => {
      const order = Int32Array.from({ length: n }, (_, i) => i);
      for (let i = n - 1; i > 0; i--) {
        const j = below(i + 1);
        const kept = order[i]!;
        order[i] = order[j]!;
        order[j] = kept;
      }
      return order;
    },
    fork: (name) => streamOf(derivedKey(key, name), epoch, step),
  };
}
