import { InvalidKeyError } from './port';

/** Heads are kept as files `head.<n>.json`, so no key may look like one of them. */
export const versionPattern = /^(.+)\.(0|[1-9]\d*)\.json$/;

/**
 * Checks a key and returns it: 1 to 900 characters in segments of `A–Z a–z 0–9 . _ + = @ -` separated by single slashes, none beginning
 * with a dot. Keys are made by the server (`objectKeys` of contracts), never from a user's path. Throws `InvalidKeyError`.
 */
export function checkKey(key: string): string {
  if (key.length === 0 || key.length > 900)
    throw new InvalidKeyError(key, `it has ${key.length} characters, not 1 to 900`);
  for (const segment of key.split('/')) {
    if (segment === '') throw new InvalidKeyError(key, 'it has an empty segment');
    if (segment.startsWith('.')) throw new InvalidKeyError(key, `the segment '${segment}' begins with a dot`);
    if (segment.length > 200)
      throw new InvalidKeyError(key, `a segment has ${segment.length} characters, more than 200`);
    const wrong = /[^A-Za-z0-9._+=@-]/.exec(segment);
    if (wrong) throw new InvalidKeyError(key, `the character ${JSON.stringify(wrong[0])} is not allowed`);
    if (versionPattern.test(segment))
      throw new InvalidKeyError(key, `names like '${segment}' are kept for versions of swapped objects`);
  }
  return key;
}

/** Checks the beginning of keys: empty, or a key that may end anywhere. Throws `InvalidKeyError`. */
export function checkPrefix(prefix: string): string {
  if (prefix !== '') checkKey(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix);
  return prefix;
}

/** Keys in the order of their bytes; all characters of keys are ASCII. */
export const compareKeys = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
