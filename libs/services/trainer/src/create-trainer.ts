import { randomBytes } from 'node:crypto';
import type { AnyEnvelope } from '@minvar/contracts';
import { topicOf } from '@minvar/contracts';
import type { ExperimentDefinition, Now, Registries } from '@minvar/coordination';
import { noFacts, remember } from '@minvar/coordination';
import type { EventLog, ExecutionExit, Executor, ObjectStore } from '@minvar/service-kit';
import { createPublisher } from '@minvar/service-kit';
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
  const publisher = createPublisher(log);
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
  const lease = createLeaseLoop(store, 'dispatcher', `trainer/${now().nonce}`, leaseMs, now, () => reconciler.wake());
  const reconciler = createReconciler({
    everyMs: Math.max(50, Math.min(1000, leaseMs / 12)),
    work: async () => {
      await requests.settle();
      for (let exit = exits[0]; exit; exit = exits[0]) {
        await dispatching.exited(exit);
        exits.shift();
      }
      if (lease.holds()) await dispatching.sweep();
    },
    failed: (e) => logger.warn({ error: e.message }, 'log, store or executor failed; trying again'),
  });

  const reader = createFactsReader(
    log,
    [topicOf('dataset', 'events'), topicOf('experiment', 'events'), topicOf('run', 'events')],
    async (event, live) => {
      remember(facts, event);
      if (!live) return;
      if (event.type === 'dataset.ingestFailed') await requests.ingestFailed(event);
      if (event.type === 'run.succeeded' || event.type === 'run.failed' || event.type === 'run.cancelled')
        forget(event.data.runId, event.data.attempt);
      reconciler.wake();
    },
  );
  const forget = (runId: string, attempt: number): void => {
    // A condemned run is seen once more, by the sweep that removes it.
    if ((runs.get(runId)?.head.attempt ?? 0) <= attempt && !at.condemned.has(runId)) runs.drop(runId);
  };

  const commands = commandConsumer(at, log, () => reconciler.wake());
  let stopListening: () => void = () => {};
  let started = false;

  return {
    start: async () => {
      await reader.start();
      await dispatching.load();
      stopListening = executor.onExit((exit) => {
        exits.push(exit);
        reconciler.wake();
      });
      lease.start();
      reconciler.start();
      await commands.start();
      started = true;
    },
    stop: async () => {
      started = false;
      stopListening();
      await commands.stop();
      await reconciler.stop();
      await reader.stop();
      await lease.stop();
    },
    ready: () => started && commands.ready(),
  };
}
