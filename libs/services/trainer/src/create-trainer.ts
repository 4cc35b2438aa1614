import { randomBytes } from 'node:crypto';
import type { AnyEnvelope } from '@minvar/contracts';
import { topicOf } from '@minvar/contracts';
import type { ExperimentDefinition, Now, Registries } from '@minvar/coordination';
import { noFacts, remember } from '@minvar/coordination';
import type { EventLog, ExecutionExit, Executor, ObjectStore } from '@minvar/service-kit';
import { createPublisher, readLargeFrom } from '@minvar/service-kit';
import { commandConsumer } from './commands';
import type { Context, Logger } from './context';
import { createDispatching } from './dispatching';
import { createFactsReader } from './facts-reader';
import { createLeaseLoop } from './lease-loop';
import { createReconciler } from './reconciler';
import { createRequests } from './requests';
import { createRunIndex } from './run-index';

export interface TrainerOptions {
  readonly projectId: string;
  readonly log: EventLog;
  readonly store: ObjectStore;
  readonly executor: Executor;
  readonly experiments: Readonly<Record<string, ExperimentDefinition>>;
  readonly registries: Registries;
  readonly leaseSeconds: number;
  readonly logger: Logger;
  /** monotonic milliseconds, wall clock and a fresh nonce; the process's own by default */
  readonly now?: () => Now;
  /** executions kept ready beyond the executor's places; default 0 */
  readonly window?: number;
  /** most runs that share one TensorFlow process; default 6 */
  readonly groupLimit?: number;
  /** pause before a run that crashed once is tried again, doubling up to 30 times it; default 1 second */
  readonly retrySeconds?: number;
}

export interface Trainer {
  /** Reads the log and the heads, then takes commands; resolves when it does. */
  readonly start: () => Promise<void>;
  /** Takes no more commands, starts nothing more, gives the dispatcher's lease back. Stop the executor after it. */
  readonly stop: () => Promise<void>;
  readonly ready: () => boolean;
}

const systemNow = (): Now => ({
  ms: performance.now(),
  at: new Date().toISOString(),
  nonce: randomBytes(12).toString('hex'),
});

/**
 * The trainer owns experiments and runs: it expands, queues, dispatches, watches and cancels; it never trains. All it knows
 * is folded from the log and read from heads at every start.
 */
export function createTrainer(options: TrainerOptions): Trainer {
  const { projectId, log, store, executor, experiments, registries, logger, now = systemNow } = options;
  const leaseMs = options.leaseSeconds * 1000;
  const facts = noFacts();
  const publisher = createPublisher(log, store);
  const send = async (messages: readonly AnyEnvelope[]): Promise<void> => void (await publisher.publish(...messages));
  const runs = createRunIndex((runId) => facts.runs.get(runId)?.groupKey ?? '');
  const at: Context = {
    projectId,
    store,
    experiments,
    registries,
    facts,
    runs,
    logger,
    now,
    send,
    condemned: new Set(),
    heard: new Set(),
    making: new Set(),
  };

  const requests = createRequests(at);
  const dispatching = createDispatching(at, {
    executor,
    leaseMs,
    window: options.window ?? 0,
    groupLimit: options.groupLimit ?? 6,
    retryMs: (options.retrySeconds ?? 1) * 1000,
  });
  const exits: ExecutionExit[] = [];
  const lease = createLeaseLoop(store, 'dispatcher', `trainer/${now().nonce}`, leaseMs, now, () => wake());
  const every = { everyMs: Math.max(50, Math.min(1000, leaseMs / 12)) };
  const failed = (e: Error): void => logger.warn({ error: e.message }, 'log, store or executor failed; trying again');
  // Beside each other: ten thousand runs take a while to make, and those that are made need not wait for the last one.
  const asking = createReconciler({ ...every, failed, work: requests.settle });
  const sweeping = createReconciler({
    ...every,
    failed,
    work: async () => {
      for (let exit = exits[0]; exit; exit = exits[0]) {
        await dispatching.exited(exit);
        exits.shift();
      }
      if (lease.holds()) await dispatching.sweep();
    },
  });
  const wake = (): void => {
    asking.wake();
    sweeping.wake();
  };

  const reader = createFactsReader(
    log,
    [topicOf('dataset', 'events'), topicOf('experiment', 'events'), topicOf('run', 'events')],
    readLargeFrom(store),
    async (event, live) => {
      remember(facts, event);
      if (!live) return;
      if (event.type === 'dataset.ingestFailed') await requests.ingestFailed(event);
      if (event.type === 'run.succeeded' || event.type === 'run.failed' || event.type === 'run.cancelled')
        forget(event.data.runId, event.data.attempt);
      if (event.type === 'run.queued' && !runs.get(event.data.runId) && !at.making.has(event.data.runId))
        at.heard.add(event.data.runId);
      wake();
    },
  );
  const forget = (runId: string, attempt: number): void => {
    if (facts.runs.get(runId)?.phase === 'terminal') at.heard.delete(runId);
    // A condemned run is seen once more, by the sweep that removes it.
    if ((runs.get(runId)?.head.attempt ?? 0) <= attempt && !at.condemned.has(runId)) runs.drop(runId);
  };

  const commands = commandConsumer(at, log, wake);
  let stopListening: () => void = () => {};
  let started = false;

  return {
    start: async () => {
      await reader.start();
      await dispatching.load();
      stopListening = executor.onExit((exit) => {
        exits.push(exit);
        sweeping.wake();
      });
      lease.start();
      asking.start();
      sweeping.start();
      await commands.start();
      started = true;
    },
    stop: async () => {
      started = false;
      stopListening();
      await commands.stop();
      await asking.stop();
      await sweeping.stop();
      await reader.stop();
      await lease.stop();
    },
    ready: () => started && commands.ready(),
  };
}
