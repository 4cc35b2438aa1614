import type { Kysely, RawBuilder } from 'kysely';
import { sql } from 'kysely';
import type { Tables } from '../schema/tables';

export type Db = Kysely<Tables>;

/** Where a page of a list begins: after the row with this sort value and id. */
export interface PageKey {
  readonly value: string | number | null;
  readonly id: string;
}

export interface Page<R> {
  readonly rows: readonly (R & { page_value: string | number; id: string })[];
  readonly hasNextPage: boolean;
}

export type Condition = RawBuilder<unknown>;
export const allOf = (conditions: readonly Condition[]): Condition =>
  conditions.length === 0 ? sql`true` : sql`${sql.join(conditions, sql` and `)}`;

/** One page of `from` by keyset: rows after (value, id) in the order asked for; one row more tells whether there is a next page. */
export async function page<R>(
  db: Db,
  q: {
    select: Condition;
    from: Condition;
    where: readonly Condition[];
    value: Condition;
    id: Condition;
    descending: boolean;
    after: PageKey | null;
    first: number;
  },
): Promise<Page<R>> {
  const direction = sql.raw(q.descending ? 'desc' : 'asc');
  const after = q.after
    ? [sql`(${q.value}, ${q.id}) ${sql.raw(q.descending ? '<' : '>')} (${q.after.value}, ${q.after.id})`]
    : [];
  const { rows } = await sql<R & { page_value: string | number; id: string }>`
    select ${q.select}, ${q.value} as page_value from ${q.from} where ${allOf([...q.where, ...after])}
    order by ${q.value} ${direction}, ${q.id} ${direction} limit ${q.first + 1}`.execute(db);
  return { rows: rows.slice(0, q.first), hasNextPage: rows.length > q.first };
}
