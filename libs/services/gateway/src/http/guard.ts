import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface GuardOptions {
  readonly host: string;
  readonly allowedHosts: readonly string[];
  readonly token: string | null;
}

const loopback = ['localhost', '127.0.0.1', '[::1]'];

/** Whether an address is one that only this machine reaches. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

const nameOf = (host: string): string => host.replace(/:\d+$/, '').toLowerCase();
const bracketed = (host: string): string => (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host);

const equal = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());

/**
 * Who may speak to the gateway: the Host must be one of its own names (else a page elsewhere could reach it by a name of its own
 * that resolves here), an Origin must be the page that the gateway itself serves, and the token must match where there is one.
 */
export function createGuard({ host, allowedHosts, token }: GuardOptions) {
  const names = new Set([...loopback, bracketed(host).toLowerCase(), ...allowedHosts.map((h) => h.toLowerCase())]);
  const isOwn = (given: string): boolean => names.has(given.toLowerCase()) || names.has(nameOf(given));
  return {
    /** null when the request may go on, else why not. */
    refuses(headers: IncomingHttpHeaders): string | null {
      const given = headers.host;
      if (!given || !isOwn(given))
        return `the host '${given ?? ''}' is not one of this gateway's names; add it to its allowed hosts`;
      const { origin } = headers;
      if (origin === undefined) return null;
      const from = URL.canParse(origin) ? new URL(origin).host : '';
      if (from === '' || (from.toLowerCase() !== given.toLowerCase() && !allowedHosts.includes(from))) {
        return `the origin '${origin}' is not this gateway's own page`;
      }
      return null;
    },
    /** Whether a bearer token is the right one, given as `Bearer …`. */
    knows(authorization: unknown): boolean {
      if (token === null) return true;
      return typeof authorization === 'string' && equal(authorization, `Bearer ${token}`);
    },
  };
}
export type Guard = ReturnType<typeof createGuard>;
