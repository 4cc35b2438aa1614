import { describe } from 'vitest';
import { openPglite } from '../database/open';
import { foldContract } from '../testing/fold-contract';
import { bundleWorker } from '../testing/worker-url';

describe('the fold on PGlite', () => {
  foldContract(async () => {
    const database = await openPglite(await bundleWorker(), null);
    return { db: await database.generation('test'), close: () => database.close() };
  });
});
