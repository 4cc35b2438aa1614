import { here } from '../world/virtual';

export * from 'node:crypto';

/** Random bytes come from the seed. */
export const randomBytes = (n: number): Buffer =>
  Buffer.from(Array.from({ length: n }, () => here().random.between(0, 255)));
export const randomUUID = (): string => {
  const hex = randomBytes(16).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
};
