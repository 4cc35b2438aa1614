import { sql } from 'kysely';
import type { Row } from '../schema/tables';
import type { Db } from './connection';

export type Reservation = Row<'idempotency_keys'>;

export const idempotencyQueries = (db: () => Db) => ({
  /** Reserves a key, or gives the reservation that is there already: whoever comes first wins. */
  async reserve(wanted: Reservation): Promise<{ reservation: Reservation; isNew: boolean }> {
    return db()
      .transaction()
      .execute(async (tx) => {
        const known = await sql<Reservation>`
          select * from idempotency_keys where key = ${wanted.key} union all select * from reservations where key = ${wanted.key} limit 1`.execute(
          tx,
        );
        if (known.rows[0]) return { reservation: known.rows[0], isNew: false };
        const { key, mutation, arguments_hash, entity_id } = wanted;
        const inserted = await sql<Reservation>`
          insert into reservations (key, mutation, arguments_hash, entity_id) values (${key}, ${mutation}, ${arguments_hash}, ${entity_id})
          on conflict do nothing returning *`.execute(tx);
        if (inserted.rows[0]) return { reservation: inserted.rows[0], isNew: true };
        const other = await sql<Reservation>`select * from reservations where key = ${wanted.key}`.execute(tx);
        return { reservation: other.rows[0]!, isNew: false };
      });
  },
});
