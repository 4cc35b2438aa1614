import type { Db } from './connection';
import { datasetQueries } from './datasets';
import { experimentQueries } from './experiments';
import { feedQueries } from './feed';
import { idempotencyQueries } from './idempotency';
import { runQueries } from './runs';

/** Every question that may be asked of the read model. `db` is asked each time: a rebuild swaps it. */
export const createQueries = (db: () => Db) => ({
  ...runQueries(db),
  ...experimentQueries(db),
  ...datasetQueries(db),
  ...feedQueries(db),
  ...idempotencyQueries(db),
});
export type Queries = ReturnType<typeof createQueries>;
