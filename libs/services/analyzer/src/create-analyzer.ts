import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { topicOf } from '@minvar/contracts';
import type { AnyEnvelope } from '@minvar/contracts';
import type { ExperimentDefinition } from '@minvar/coordination';
import { createPublisher, DeadLetterError, decodeEvent, isFull, readLargeFrom, wholeEvent } from '@minvar/service-kit';
import type { EventLog, LogRecord, ObjectStore, Position } from '@minvar/service-kit';
import { analyseRun, analysisFailure } from './analyse-run';
import { judgeRequest, judgementFailure } from './judge-request';
import { dueWork, learn, noKnowledge } from './knowledge';
import type { Work } from './knowledge';

export interface AnalyzerOptions {
  readonly log: EventLog;
  readonly store: ObjectStore;
  readonly experiments: Readonly<Record<string, ExperimentDefinition>>;
  readonly logger: {
    readonly info: (facts: object, text: string) => void;
    readonly warn: (facts: object, text: string) => void;
  };
  readonly clock?: { readonly now: () => Date };
}

export interface Analyzer {
  /** Reads the log from its beginning; resolves when it knows what is due and works on it. */
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly ready: () => boolean;
}

const topics = [
  topicOf('run', 'events'),
  topicOf('experiment', 'events'),
  topicOf('analysis', 'events'),
  topicOf('analysis', 'commands'),
];

const at = (positions: readonly Position[], p: { topic: string; partition: number }): number =>
  positions.find((q) => q.topic === p.topic && q.partition === p.partition)?.offset ?? 0;

/**
 * The analyzer measures finished runs and judges finished experiments. It has no state of its own: what it knows is a fold of
 * the log, read again at every start, and what is due follows from that (`dueWork`). Event ids are derived from what they
 * answer, so work that is done twice is said once.
 */
export function createAnalyzer({
  log,
  store,
  experiments,
  logger,
  clock = { now: () => new Date() },
}: AnalyzerOptions): Analyzer {
  const { publish } = createPublisher(log, store);
  const readLarge = readLargeFrom(store);
  const knowledge = noKnowledge();
  const stopping = new AbortController();
  /** the log's ends at the start */
  let before: readonly Position[] = [];
  let caughtUp = false;
  let working: Promise<void> | null = null;
  let again = false;

  const reader = log.consumer({
    // a group of its own: every analyzer reads everything, from the first record on
    group: `analyzer-${randomBytes(6).toString('hex')}`,
    consumer: 'analyzer',
    topics,
    storedOffsets: async () => [],
    onBatch: async ({ records }) => {
      for (const record of records) {
        const event = await readable(record);
        if (event) learn(knowledge, event);
      }
      wake();
    },
    onError: (error) => logger.warn({ err: error }, 'events could not be read; trying again'),
  });

  /** An unreadable record goes to the dead letters when it comes, and is passed over when the log is read again. */
  async function readable(record: LogRecord): Promise<AnyEnvelope | null> {
    try {
      const event = decodeEvent(record);
      // Measurements are read from their analysis; only who belongs to an experiment is needed whole.
      return event.type === 'experiment.expanded' ? await wholeEvent(event, readLarge) : event;
    } catch (e) {
      if (e instanceof DeadLetterError && record.offset < at(before, record)) return null;
      throw e;
    }
  }

  async function unavailable(): Promise<string | null> {
    return (
      (await store.healthy().catch((e: Error) => e.message)) ?? (await log.healthy().catch((e: Error) => e.message))
    );
  }

  function failed(work: Work, e: Error): AnyEnvelope | null {
    logger.warn(
      { err: e, ...(work.kind === 'analyse' ? { runId: work.runId } : { requestId: work.requestId }) },
      `${work.kind} failed`,
    );
    return work.kind === 'analyse'
      ? analysisFailure(work, e.message, clock.now())
      : judgementFailure(work, experiments, e.message, clock.now());
  }

  /** Does one piece of work and says so; waits and tries again while store or log are not to be had. */
  async function settle(work: Work): Promise<void> {
    for (let pauseMs = 100; !stopping.signal.aborted; pauseMs = Math.min(10_000, pauseMs * 2)) {
      try {
        const event = await (
          work.kind === 'analyse'
            ? analyseRun(store, work, clock.now())
            : judgeRequest(store, work, knowledge, experiments, clock.now())
        ).catch(async (e: Error) => {
          // A probe of a few bytes may find room where a table did not.
          if (isFull(e) || (await unavailable()) !== null) throw e;
          return failed(work, e);
        });
        if (event) {
          await publish(event);
          learn(knowledge, event);
        }
        return;
      } catch (e) {
        logger.warn({ err: e }, 'log or store failed; trying again');
        await pause(pauseMs * (0.5 + Math.random()), undefined, { signal: stopping.signal }).catch(() => {});
      }
    }
  }

  async function work(): Promise<void> {
    do {
      again = false;
      for (const item of dueWork(knowledge)) {
        if (stopping.signal.aborted) return;
        await settle(item);
      }
    } while (again && !stopping.signal.aborted);
  }

  function wake(): void {
    again = true;
    if (!caughtUp || stopping.signal.aborted) return;
    working ??= work().finally(() => {
      working = null;
      if (again) wake();
    });
  }

  return {
    start: async () => {
      const [begin, end] = await Promise.all([log.begin(topics), log.end(topics)]);
      before = end;
      await reader.start();
      const behind = (): boolean =>
        end.some(
          (e) =>
            e.offset > at(begin, e) &&
            (reader.status().find((s) => s.topic === e.topic && s.partition === e.partition)?.next ?? 0) < e.offset,
        );
      while (behind() && !stopping.signal.aborted) await pause(5);
      caughtUp = true;
      wake();
    },
    stop: async () => {
      stopping.abort();
      await reader.stop();
      await working;
    },
    ready: () => caughtUp && reader.ready() && !stopping.signal.aborted,
  };
}
