import { afterAll, describe, it } from 'vitest';
import { noPostgres, ownDatabase } from './testing/own-database';
import { readModelContract } from './testing/read-model-contract';

const server = process.env['MINVAR_POSTGRES_URL'];

describe('the read model on PostgreSQL', { timeout: 180_000 }, () => {
  if (!server) return void it('is the same', (context) => context.skip(noPostgres));
  const owned: { drop(): Promise<void> }[] = [];
  afterAll(async () => {
    for (const own of owned) await own.drop();
  });
  readModelContract(async () => {
    const own = await ownDatabase(server);
    owned.push(own);
    return { kind: 'postgres', url: own.url };
  });
});
