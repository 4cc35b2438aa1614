import type { Fold } from './record';
import { ofTypes } from './record';
import { insertRows } from './write-rows';

/** Idempotency keys: the first use of a key counts. */
export const foldWorkspace: Fold = async (tx, records) => {
  const rows = new Map<string, { key: string; mutation: string; arguments_hash: string; entity_id: string }>();
  for (const { envelope: e } of ofTypes(records, 'workspace.idempotencyKeyUsed')) {
    const { idempotencyKey: key, mutation, argumentsHash, entityId } = e.data;
    if (!rows.has(key)) rows.set(key, { key, mutation, arguments_hash: argumentsHash, entity_id: entityId });
  }
  await insertRows(tx, 'idempotency_keys', [...rows.values()], 'on conflict do nothing');
};
