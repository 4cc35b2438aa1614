import type { PageKey } from '@minvar/read-model';
import { z } from 'zod';
import { badInput } from './errors';

const key = z.tuple([z.string(), z.array(z.union([z.string(), z.number(), z.null()])).max(4), z.string()]);

/** A keyset cursor: opaque, and good only for the list and order (`kind`) that made it. */
export const encodePageKey = (kind: string, k: PageKey): string =>
  Buffer.from(JSON.stringify([kind, k.values, k.id])).toString('base64url');

/** `width`: how many columns the list is ordered by besides the id. */
export function decodePageKey(kind: string, text: string | null | undefined, width: number): PageKey | null {
  if (text === null || text === undefined) return null;
  try {
    const [of, values, id] = key.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    if (of === kind && values.length === width) return { values, id };
  } catch {
    // falls through to the one message for all that is wrong with it
  }
  throw badInput(
    `after: '${text.slice(0, 60)}' is not a cursor of this list in this order; take it from its pageInfo or edges`,
  );
}

export const maxPage = 200;

/** The size of a page. */
export function pageSize(first: number | null | undefined, path = 'first'): number {
  const n = first ?? 50;
  if (n < 1 || n > maxPage) throw badInput(`${path}: ${n} is out of range; ask for 1 to ${maxPage} at a time`);
  return n;
}

export interface Connection<N> {
  readonly edges: readonly { readonly cursor: string; readonly node: N }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  readonly totalCount: () => Promise<number> | number;
}

/** Rows of a page as a Relay connection. */
export function connection<R extends { id: string; page_key: readonly (string | number | null)[] }, N>(
  kind: string,
  page: { readonly rows: readonly R[]; readonly hasNextPage: boolean },
  node: (row: R) => N,
  totalCount: () => Promise<number> | number,
): Connection<N> {
  const edges = page.rows.map((row) => ({
    cursor: encodePageKey(kind, { values: row.page_key, id: row.id }),
    node: node(row),
  }));
  return { edges, pageInfo: { hasNextPage: page.hasNextPage, endCursor: edges.at(-1)?.cursor ?? null }, totalCount };
}
