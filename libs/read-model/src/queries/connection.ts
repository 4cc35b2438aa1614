import type { Kysely, RawBuilder } from 'kysely';
import { sql } from 'kysely';
import type { Tables } from '../schema/tables';

export type Db = Kysely<Tables>;

/** A row's place in a list: what it is sorted by, and its id. */
export interface PageKey {
  readonly values: readonly (string | number | null)[];
  readonly id: string;
}

export interface Page<R> {
  readonly rows: readonly (R & { page_key: readonly (string | number | null)[]; id: string })[];
  readonly hasNextPage: boolean;
}

export type Condition = RawBuilder<unknown>;
export const allOf = (conditions: readonly Condition[]): Condition =>
  conditions.length === 0 ? sql`true` : sql`${sql.join(conditions, sql` and `)}`;

export interface PageQuery {
  readonly select: Condition;
  readonly from: Condition;
  readonly where: readonly Condition[];
  /** columns, the first the most important; all in one direction, the id last */
  readonly order: readonly Condition[];
  readonly id: Condition;
  readonly descending: boolean;
  readonly after: PageKey | null;
  readonly first: number;
}

/** One page of `from` by keyset: rows after the key in the order asked for; one row more tells whether there is a next page. */
export function pageStatement(q: PageQuery): Condition {
  const direction = sql.raw(q.descending ? 'desc' : 'asc');
  const columns = [...q.order, q.id];
  const after = q.after
    ? [
        sql`(${sql.join(columns)}) ${sql.raw(q.descending ? '<' : '>')} (${sql.join([...q.after.values, q.after.id].map((v) => sql`${v}`))})`,
      ]
    : [];
  return sql`select ${q.select}, jsonb_build_array(${sql.join(q.order)}) as page_key from ${q.from} where ${allOf([...q.where, ...after])}
    order by ${sql.join(columns.map((c) => sql`${c} ${direction}`))} limit ${q.first + 1}`;
}

export async function page<R>(db: Db, q: PageQuery): Promise<Page<R>> {
  const { rows } = (await pageStatement(q).execute(db)) as { rows: Page<R>['rows'] };
  return { rows: rows.slice(0, q.first), hasNextPage: rows.length > q.first };
}
