import { z } from 'zod';

/** Non-finite values have no JSON form: they travel as null beside their name. */
export const nonFiniteName = z.enum(['NaN', 'Infinity', '-Infinity']);
export type NonFiniteName = z.infer<typeof nonFiniteName>;

export function encodeNumber(x: number): { value: number | null; nonFinite: NonFiniteName | null } {
  return Number.isFinite(x) ? { value: x, nonFinite: null } : { value: null, nonFinite: String(x) as NonFiniteName };
}

export function decodeNumber(e: { value: number | null; nonFinite?: string | null }): number {
  return e.value ?? (e.nonFinite ? Number(e.nonFinite) : Number.NaN);
}
