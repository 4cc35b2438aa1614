import { createHmac, timingSafeEqual } from 'node:crypto';

export interface LinkSigner {
  /** Query string of a link to one object that is good until `expires` (milliseconds since 1970). */
  sign(link: { key: string; expires: number; filename?: string }): string;
  /** Whether a query string belongs to the key and is still good at `now`. */
  verify(key: string, query: Readonly<Record<string, unknown>>, now: number): LinkCheck;
}

export type LinkCheck =
  | { readonly ok: true; readonly filename: string | null }
  | { readonly ok: false; readonly because: 'forged' | 'expired' };

/** Links that carry their own permission: an HMAC-SHA-256 over key, time and file name. The secret has at least 32 bytes. */
export function createLinkSigner(secret: Uint8Array): LinkSigner {
  if (secret.byteLength < 32) throw new Error(`a link secret has at least 32 bytes; this one has ${secret.byteLength}`);
  const signature = (key: string, expires: number, filename: string): Buffer =>
    createHmac('sha256', secret)
      .update(JSON.stringify([key, expires, filename]))
      .digest();

  return {
    sign({ key, expires, filename }) {
      const query = new URLSearchParams({
        expires: String(expires),
        signature: signature(key, expires, filename ?? '').toString('base64url'),
      });
      if (filename !== undefined) query.set('filename', filename);
      return query.toString();
    },
    verify(key, { expires, signature: given, filename }, now) {
      const until = typeof expires === 'string' && /^\d{1,15}$/.test(expires) ? Number(expires) : null;
      const name = filename === undefined ? '' : filename;
      if (until === null || typeof given !== 'string' || typeof name !== 'string')
        return { ok: false, because: 'forged' };
      const expected = signature(key, until, name);
      const bytes = Buffer.from(given, 'base64url');
      if (bytes.length !== expected.length || !timingSafeEqual(bytes, expected))
        return { ok: false, because: 'forged' };
      if (until < now) return { ok: false, because: 'expired' };
      return { ok: true, filename: name === '' ? null : name };
    },
  };
}
