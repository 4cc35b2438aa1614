import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { localProject } from '@minvar/contracts';
import { datasets } from '@minvar/datasets';
import { experiments } from '@minvar/experiments';
import { methods } from '@minvar/methods';
import { models } from '@minvar/models';
import { createLocalExecutor, runApp, runService } from '@minvar/service-kit';
import { createTrainer } from '@minvar/service-trainer';
import { tensorflowEnvironment, threadSettings } from '@minvar/tf-runtime';
import { readEnvironment } from './environment';

// The trainer alone, beside the other services on the same log and objects; its runners are processes of its own.
runApp('trainer', async () => {
  const environment = readEnvironment();
  const { slots, leaseSeconds, forRunners } = environment;
  const threads = Math.max(1, Math.floor(availableParallelism() / slots));
  await runService('trainer', environment, ({ log, store, logger }) => {
    const executor = createLocalExecutor({
      command: [process.execPath, fileURLToPath(new URL('./runner.mjs', import.meta.url))],
      slots,
      env: () => ({
        ...forRunners,
        ...tensorflowEnvironment({ ...threadSettings(threads), deterministic: false }),
      }),
      onLine: ({ executionId, text }) => logger.info({ executionId }, text),
    });
    const trainer = createTrainer({
      projectId: localProject,
      log,
      store,
      executor,
      experiments,
      registries: { methods, models, datasets },
      leaseSeconds,
      logger,
    });
    return {
      ...trainer,
      stop: async () => {
        await trainer.stop();
        await executor.stop();
      },
    };
  });
});
