import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { datasetIdOf } from '@minvar/contracts';
import type { AnyEnvelope, DatasetManifest, EnvelopeOf, MessageData } from '@minvar/contracts';
import { createPublisher, isFull, makeFolders, subscribe } from '@minvar/service-kit';
import type { EventLog, ObjectStore } from '@minvar/service-kit';
import { ingest } from './ingest';
import type { IngestOptions } from './ingest';
import { createPending } from './pending';
import type { Command } from './pending';
import { removeVersion, versionPrefix } from './store-version';

export interface DataIngestOptions {
  readonly log: EventLog;
  readonly store: ObjectStore;
  /** folder with local copies of source files; null: none */
  readonly dataDir: string | null;
  /** downloads, shared by every laboratory of this user */
  readonly cacheDir: string;
  /** arrays under construction; a folder of this service's own below it is removed at the end */
  readonly scratchDir: string;
  /** folder of the bundled digits (`libs/datasets/bundled`) */
  readonly bundledDir: string;
  readonly logger: {
    readonly info: (facts: object, text: string) => void;
    readonly warn: (facts: object, text: string) => void;
  };
  readonly fetch?: typeof globalThis.fetch;
  readonly clock?: { readonly now: () => Date };
}

export interface DataIngest {
  readonly start: () => Promise<void>;
  /** stops the work in progress; it goes on at the next start */
  readonly stop: () => Promise<void>;
  readonly ready: () => boolean;
}

/** after the network was found missing, how long it is not tried again */
const offlineMs = 60_000;
const progressEveryMs = 250;

/** Removes scratch folders of processes that are gone. */
async function removeAbandoned(scratchDir: string): Promise<void> {
  for (const name of await readdir(scratchDir)) {
    const pid = /^ingest-(\d+)-/.exec(name)?.[1];
    if (!pid) continue;
    try {
      process.kill(Number(pid), 0);
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code === 'ESRCH')
        await rm(join(scratchDir, name), { recursive: true, force: true });
    }
  }
}

/**
 * The service that turns dataset definitions into versions. Commands are taken in less than a second: their record is put into
 * the store and the offset moves on; the work itself is done one command after the other, outside the consumer.
 */
export function createDataIngest({
  log,
  store,
  dataDir,
  cacheDir,
  scratchDir: scratchRoot,
  bundledDir,
  logger,
  fetch = globalThis.fetch,
  clock = { now: () => new Date() },
}: DataIngestOptions): DataIngest {
  const { publish } = createPublisher(log, store);
  const pending = createPending(store);
  const stopping = new AbortController();
  const queue: Command[] = [];
  const taken = new Set<string>();
  let working: Promise<void> | null = null;
  let offlineSince = -Infinity;
  let scratchDir = '';

  function envelope<
    T extends 'dataset.ingestProgress' | 'dataset.versionCreated' | 'dataset.ingestFailed' | 'dataset.versionDeleted',
  >(command: Command, id: string, type: T, data: MessageData<T>): EnvelopeOf<T> {
    const { projectId, traceparent } = command;
    return {
      id,
      type,
      source: 'data-ingest',
      subject: datasetIdOf(projectId, command.data.name),
      time: clock.now().toISOString(),
      projectId,
      term: null,
      traceparent,
      data,
    } as EnvelopeOf<T>;
  }

  /** Sends at most four progress events a second, always the newest, and never holds up the work. */
  function progressOf(command: EnvelopeOf<'dataset.ingest'>): {
    report: IngestOptions['onProgress'];
    sent: () => Promise<unknown>;
  } {
    const attempt = randomUUID();
    let [seq, last, lastPhase] = [0, -Infinity, ''];
    let sending: Promise<unknown> = Promise.resolve();
    const report: IngestOptions['onProgress'] = (phase, doneBytes, totalBytes) => {
      const now = performance.now();
      if (phase === lastPhase && now - last < progressEveryMs) return;
      [last, lastPhase] = [now, phase];
      const { ingestId, name } = command.data;
      const event = envelope(command, `${ingestId}:progress:${attempt}:${seq++}`, 'dataset.ingestProgress', {
        ingestId,
        name,
        phase,
        doneBytes,
        totalBytes,
      });
      sending = sending
        .then(() => publish(event))
        .catch((e: Error) => logger.warn({ err: e, ingestId }, 'progress could not be sent'));
    };
    return { report, sent: () => sending };
  }

  async function runIngest(command: EnvelopeOf<'dataset.ingest'>): Promise<AnyEnvelope> {
    const { ingestId, name, parameters } = command.data;
    const progress = progressOf(command);
    try {
      const manifest: DatasetManifest = await ingest(command.data, {
        store,
        projectId: command.projectId,
        dataDir,
        cacheDir,
        bundledDir,
        scratchDir,
        fetch,
        signal: stopping.signal,
        now: clock.now,
        tryNetwork: () => performance.now() - offlineSince > offlineMs,
        onOffline: (because) => {
          if (performance.now() - offlineSince > offlineMs) offlineSince = performance.now();
          logger.warn({ ingestId, because }, 'no network: falling back to what is bundled');
        },
        onProgress: progress.report,
      });
      logger.info({ ingestId, name, version: manifest.version, note: manifest.note }, 'dataset version exists');
      return envelope(command, `${ingestId}:created:${command.id}`, 'dataset.versionCreated', {
        ingestId,
        name,
        parameters,
        prefix: versionPrefix(manifest),
        manifest,
      });
    } catch (e) {
      // A full disk is no answer: it is tried again until there is room.
      if (stopping.signal.aborted || isFull(e)) throw e;
      logger.warn({ err: e, ingestId, name }, 'ingest failed');
      return envelope(command, `${ingestId}:failed:${command.id}`, 'dataset.ingestFailed', {
        ingestId,
        name,
        parameters,
        error: (e as Error).message,
      });
    } finally {
      // what was said on the way must not arrive after the answer
      await progress.sent();
    }
  }

  async function runDelete(command: EnvelopeOf<'dataset.delete'>): Promise<AnyEnvelope> {
    const { versionId, name } = command.data;
    const removed = await removeVersion(store, { datasetId: datasetIdOf(command.projectId, name), versionId });
    logger.info({ versionId, name, removed }, 'dataset version removed');
    return envelope(command, `${versionId}:deleted:${command.id}`, 'dataset.versionDeleted', { versionId, name });
  }

  /** Tries until store and log take it: an answer is owed. */
  async function insist<T>(what: string, work: () => Promise<T>): Promise<T> {
    for (let pauseMs = 100; ; pauseMs = Math.min(10_000, pauseMs * 2)) {
      stopping.signal.throwIfAborted();
      try {
        return await work();
      } catch (e) {
        stopping.signal.throwIfAborted();
        logger.warn({ err: e }, `${what} failed; trying again`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, pauseMs * (0.5 + Math.random()));
          stopping.signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
        });
      }
    }
  }

  async function work(): Promise<void> {
    for (let command = queue[0]; command; command = queue[0]) {
      const current = command;
      const answer =
        current.type === 'dataset.ingest'
          ? await insist('ingesting', () => runIngest(current))
          : await insist('removing a version', () => runDelete(current));
      await insist('answering a command', () => publish(answer));
      // the same ingest asked for again meanwhile has the same answer
      const answered = queue.filter(
        (c) =>
          c === current ||
          (c.type === 'dataset.ingest' &&
            current.type === 'dataset.ingest' &&
            c.data.ingestId === current.data.ingestId &&
            followsNoDelete(c)),
      );
      for (const c of answered) await insist('forgetting a command', () => pending.remove(c));
      for (const c of answered) queue.splice(queue.indexOf(c), 1);
    }
  }
  const followsNoDelete = (c: Command): boolean =>
    !queue.slice(0, queue.indexOf(c)).some((d) => d.type === 'dataset.delete');

  function wake(): void {
    working ??= work()
      .catch((e: Error) => {
        if (!stopping.signal.aborted) logger.warn({ err: e }, 'the queue of commands stopped');
      })
      .finally(() => {
        working = null;
        if (queue.length > 0 && !stopping.signal.aborted) wake();
      });
  }
  function enqueue(command: Command): void {
    if (taken.has(command.id)) return;
    taken.add(command.id);
    queue.push(command);
    wake();
  }

  async function take(command: Command): Promise<void> {
    if (taken.has(command.id)) return;
    await pending.add(command);
    enqueue(command);
  }
  const consumer = subscribe(log, {
    group: 'data-ingest',
    consumer: 'data-ingest',
    on: { 'dataset.ingest': take, 'dataset.delete': take },
    onError: (error) => logger.warn({ err: error }, 'a command could not be taken; trying again'),
  });

  return {
    start: async () => {
      await makeFolders(cacheDir);
      await makeFolders(scratchRoot);
      await removeAbandoned(scratchRoot);
      scratchDir = await mkdtemp(join(scratchRoot, `ingest-${process.pid}-`));
      for (const command of await pending.all()) enqueue(command);
      await consumer.start();
    },
    stop: async () => {
      stopping.abort(new Error('data-ingest is stopping'));
      await consumer.stop();
      await working;
      if (scratchDir !== '') await rm(scratchDir, { recursive: true, force: true });
    },
    ready: () => consumer.ready() && !stopping.signal.aborted,
  };
}
