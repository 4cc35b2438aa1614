/** Number types that NumPy and PyTorch users have, by NumPy's code without byte order. */
export const dtypes = {
  f2: { name: 'float16', bytes: 2 },
  f4: { name: 'float32', bytes: 4 },
  f8: { name: 'float64', bytes: 8 },
  i1: { name: 'int8', bytes: 1 },
  i2: { name: 'int16', bytes: 2 },
  i4: { name: 'int32', bytes: 4 },
  i8: { name: 'int64', bytes: 8 },
  u1: { name: 'uint8', bytes: 1 },
  u2: { name: 'uint16', bytes: 2 },
  u4: { name: 'uint32', bytes: 4 },
  u8: { name: 'uint64', bytes: 8 },
  b1: { name: 'bool', bytes: 1 },
} as const;

export type Code = keyof typeof dtypes;
export const isFloat = (code: Code): boolean => code.startsWith('f');

export type Values = Float32Array | Float64Array;

/** Widest of each: float32 holds it exactly. */
const fitsFloat32: readonly Code[] = ['f2', 'f4', 'i1', 'i2', 'u1', 'u2', 'b1'];

let halves: Float32Array | null = null;

/** All 65,536 half-precision numbers. */
function halfTable(): Float32Array {
  if (halves) return halves;
  halves = new Float32Array(65_536);
  for (let bits = 0; bits < 65_536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
    const size =
      exponent === 31
        ? fraction === 0
          ? Infinity
          : Number.NaN
        : exponent === 0
          ? fraction * 2 ** -24
          : (1 + fraction / 1024) * 2 ** (exponent - 15);
    halves[bits] = sign * size;
  }
  return halves;
}

/** Puts bytes of the other order right, in place. */
export function swapBytes(bytes: Uint8Array, size: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (size === 2) buffer.swap16();
  if (size === 4) buffer.swap32();
  if (size === 8) buffer.swap64();
}

/**
 * Little-endian numbers as floating point: float32 where that holds every value, else float64 (64-bit integers beyond 2⁵³ are rounded).
 * The bytes must begin at a multiple of their number's size; the result may be a view of them.
 */
export function toFloats(bytes: Uint8Array, code: Code): Values {
  const { buffer, byteOffset } = bytes;
  const length = bytes.byteLength / dtypes[code].bytes;
  switch (code) {
    case 'f4':
      return new Float32Array(buffer, byteOffset, length);
    case 'f8':
      return new Float64Array(buffer, byteOffset, length);
    case 'f2': {
      const table = halfTable();
      return Float32Array.from(new Uint16Array(buffer, byteOffset, length), (bits) => table[bits]!);
    }
    case 'i8':
    case 'u8': {
      const whole = code === 'i8' ? BigInt64Array : BigUint64Array;
      return Float64Array.from(new whole(buffer as ArrayBuffer, byteOffset, length) as ArrayLike<bigint>, Number);
    }
    default: {
      const view = {
        i1: Int8Array,
        u1: Uint8Array,
        b1: Uint8Array,
        i2: Int16Array,
        u2: Uint16Array,
        i4: Int32Array,
        u4: Uint32Array,
      }[code];
      const numbers = new view(buffer as ArrayBuffer, byteOffset, length);
      return fitsFloat32.includes(code) ? Float32Array.from(numbers) : Float64Array.from(numbers);
    }
  }
}
