import { fileURLToPath } from 'node:url';
import { createDataIngest } from '@minvar/service-data-ingest';
import { runApp, runService } from '@minvar/service-kit';
import { readEnvironment } from './environment';

// data-ingest alone, beside the other services on the same log and objects.
runApp('data-ingest', async () => {
  const environment = readEnvironment();
  const { cache: cacheDir, dataDir } = environment;
  // the bundle lies in dist/
  const bundledDir = fileURLToPath(new URL('../libs/datasets/bundled', import.meta.url));
  await runService('data-ingest', environment, ({ log, store, folders, logger }) =>
    createDataIngest({ log, store, dataDir, cacheDir, scratchDir: folders.scratch, bundledDir, logger }),
  );
});
