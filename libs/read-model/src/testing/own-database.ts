import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

/** Why suites that want PostgreSQL do not run. */
export const noPostgres = 'no PostgreSQL: start it with npm run servers -- up';

const ask = async (server: string, statement: string): Promise<void> => {
  const client = new Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
};

/** Drops a database whoever is in it. */
export async function dropDatabase(server: string, name: string): Promise<void> {
  for (let left = 50; ; left--) {
    try {
      return await ask(server, `drop database if exists ${name} with (force)`);
    } catch (error) {
      // Autovacuum may be in it: a worker of the server's own that only a superuser ends, and that is soon through.
      const refused = ['42501', '55006'].includes((error as { code?: string }).code ?? '');
      if (!refused || left === 0) throw error;
      await sleep(200);
    }
  }
}

/** A database of one test's own on a server, empty. */
export async function ownDatabase(server: string): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const name = `minvar_test_${randomBytes(6).toString('hex')}`;
  await ask(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => dropDatabase(server, name) };
}
