import { sql } from 'kysely';
import type { Row } from '../schema/tables';
import type { Db } from './connection';

export type Reservation = Row<'idempotency_keys'>;

export const idempotencyQueries = (db: () => Db) => ({
  /**
   * Reserves a key, or gives what it stands for already: whoever comes first wins. `isDurable`: its use is in the log; a
   * reservation alone may have lost its command.
   */
  async reserve(wanted: Reservation): Promise<{ reservation: Reservation; isDurable: boolean }> {
    const { key, mutation, arguments_hash, entity_id } = wanted;
    return db()
      .transaction()
      .execute(async (tx) => {
        const used = await tx.selectFrom('idempotency_keys').selectAll().where('key', '=', key).executeTakeFirst();
        if (used) return { reservation: used, isDurable: true };
        await sql`insert into reservations (key, mutation, arguments_hash, entity_id)
          values (${key}, ${mutation}, ${arguments_hash}, ${entity_id}) on conflict do nothing`.execute(tx);
        const reservation = await tx
          .selectFrom('reservations')
          .selectAll()
          .where('key', '=', key)
          .executeTakeFirstOrThrow();
        return { reservation, isDurable: false };
      });
  },

  /** Gives a key back when nothing was sent under it. */
  async release(key: string): Promise<void> {
    await db().deleteFrom('reservations').where('key', '=', key).execute();
  },

  /** What a key stands for, once its use is in the log. */
  async idempotencyKey(key: string): Promise<Reservation | null> {
    return (await db().selectFrom('idempotency_keys').selectAll().where('key', '=', key).executeTakeFirst()) ?? null;
  },
});
