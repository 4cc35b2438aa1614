import { experiments } from '@minvar/experiments';
import { createAnalyzer } from '@minvar/service-analyzer';
import { runApp, runService } from '@minvar/service-kit';
import { readEnvironment } from './environment';

// The analyzer alone, beside the other services on the same log and objects.
runApp('analyzer', async () =>
  runService('analyzer', readEnvironment(), ({ log, store, logger }) =>
    createAnalyzer({ log, store, experiments, logger }),
  ),
);
