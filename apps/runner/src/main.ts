import { fileURLToPath } from 'node:url';
import { exitCodes } from '@minvar/contracts';
import { createLogger, exitWhenParentGone, openPlace, whenThereIsRoom } from '@minvar/service-kit';
import { runExecution } from '@minvar/service-runner';
import { runnerEnvironment } from './environment';

// A runner: the supervisor of one execution, started by an executor. Its child (`runner-child`) inherits its environment.
async function main(): Promise<number> {
  const { home, servers, execution, leaseSeconds, checkpointSeconds, logLevel } = runnerEnvironment();
  const logger = createLogger({ name: 'runner', level: logLevel });
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());

  const patience = {
    signal: stop.signal,
    onFull: (error: Error) => logger.warn({ executionId: execution.executionId }, `opening the home: ${error.message}`),
  };
  const { log, store, folders, close } = await whenThereIsRoom(() => openPlace({ home, servers }), patience);
  const ended = runExecution({
    execution,
    log,
    store,
    childCommand: { path: fileURLToPath(new URL('./runner-child.mjs', import.meta.url)) },
    leaseSeconds,
    checkpointSeconds,
    cacheDir: folders.cache,
    scratchDir: folders.scratch,
    logger,
    stop: stop.signal,
  });
  exitWhenParentGone(async () => {
    stop.abort();
    await ended;
  });
  const code = await ended;
  await close();
  return code;
}

main().then(
  (code) => process.exit(code),
  (error: Error) => {
    process.stderr.write(`runner: ${error.message}\n`);
    process.exit(exitCodes.infrastructure.code);
  },
);
