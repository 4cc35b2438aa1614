import { experiments } from '@minvar/experiments';
import { createAnalyzer } from '@minvar/service-analyzer';
import { runApp, runHomeService } from '@minvar/service-kit';
import { readEnvironment } from './environment';

// The analyzer alone, beside the other services of a home.
runApp('analyzer', async () =>
  runHomeService('analyzer', readEnvironment(), ({ log, store, logger }) =>
    createAnalyzer({ log, store, experiments, logger }),
  ),
);
