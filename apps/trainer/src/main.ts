import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { localProject } from '@minvar/contracts';
import { datasets } from '@minvar/datasets';
import { experiments } from '@minvar/experiments';
import { methods } from '@minvar/methods';
import { models } from '@minvar/models';
import {
  createFolderStore,
  createLmdbEventLog,
  createLocalExecutor,
  createLogger,
  homeFolders,
  runApp,
} from '@minvar/service-kit';
import { createTrainer } from '@minvar/service-trainer';
import { tensorflowEnvironment } from '@minvar/tf-runtime';
import { readEnvironment } from './environment';

// The trainer as a process of its own, beside other services on the same log and objects.
async function main(): Promise<void> {
  const { home, slots, leaseSeconds, logLevel, forRunners } = readEnvironment();
  const folders = homeFolders(home);
  const logger = createLogger({ name: 'trainer', level: logLevel });
  const log = await createLmdbEventLog({ dir: folders.events });
  const store = await createFolderStore({ dir: folders.objects });
  const threads = Math.max(1, Math.floor(availableParallelism() / slots));
  const executor = createLocalExecutor({
    command: [process.execPath, fileURLToPath(new URL('./runner.mjs', import.meta.url))],
    slots,
    env: () => ({
      ...forRunners,
      ...tensorflowEnvironment({ intraOpThreads: threads, interOpThreads: 1, deterministic: false }),
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
  await trainer.start();
  logger.info({ home, slots }, 'trainer ready');

  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    await trainer.stop();
    await executor.stop();
    await log.close();
    await store.close();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop());
}

runApp('trainer', main);
