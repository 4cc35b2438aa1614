import { describe, it } from 'vitest';
import { foldContract } from '../testing/fold-contract';
import { openPostgresTables } from '../testing/open-tables';
import { noPostgres } from '../testing/own-database';

const server = process.env['MINVAR_POSTGRES_URL'];

describe('the fold on PostgreSQL', () => {
  if (server) foldContract(() => openPostgresTables(server));
  else it('is the same', (context) => context.skip(noPostgres));
});
