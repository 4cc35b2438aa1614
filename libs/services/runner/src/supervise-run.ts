import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fingerprint, FromChild, RunFailure, RunHead } from '@minvar/contracts';
import { canonicalJson, classifyExit, exitCodes } from '@minvar/contracts';
import type { KeeperEnd } from '@minvar/coordination';
import type { EventLog, ObjectStore } from '@minvar/service-kit';
import { tellsOfFullDisk, untilRoom } from '@minvar/service-kit';
import type { ChildEvent } from './child';
import type { Children } from './children';
import { ChildDied } from './children';
import { pruneCheckpoints, storeCheckpoint } from './checkpoints';
import type { Clock } from './clock';
import { hangs, heard, startHangClock, stepped } from './hang-clock';
import { createInbox } from './inbox';
import type { KeeperLoop } from './keeper-loop';
import { runKeeper } from './keeper-loop';
import type { Live } from './live';
import { createLive } from './live';
import { createMetricSeries } from './metric-series';
import { Broken, GivenUp, persist } from './persist';
import type { Prepared } from './prepare';
import { prepare } from './prepare';
import { storeResult } from './results';
import { createRunLog } from './run-log';
import { createStoredOutputs, pruneOutputs } from './stored-outputs';

export interface Supervision {
  readonly owner: string;
  readonly log: EventLog;
  readonly store: ObjectStore;
  readonly children: Children;
  readonly cacheDir: string;
  readonly scratchDir: string;
  readonly leaseMs: number;
  /** shortest time without a step that counts as a hang, in milliseconds */
  readonly hangMs: number;
  /** longest wait for a full disk to have room again before the run is tried once more, in milliseconds */
  readonly roomMs: number;
  /** longest time between two checkpoints, in seconds; undefined: the child's own default */
  readonly checkpointSeconds?: number;
  readonly clock: Clock;
  /** told to stop: checkpoint and release */
  readonly stop: AbortSignal;
  /** the grace time is over: leave at once */
  readonly leave: AbortSignal;
  readonly warn: (text: string) => void;
}

export interface RunReport {
  readonly end: KeeperEnd;
  readonly head: RunHead | null;
}

/** One run from the look at its head to the acknowledgement of its terminal event, or until somebody else has it. */
export async function superviseRun(at: Supervision, runId: string, patience: 'watch' | 'leave'): Promise<RunReport> {
  const over = new AbortController();
  let work: Promise<void> = Promise.resolve();
  const keeper: KeeperLoop = runKeeper({
    ...at,
    runId,
    patience,
    begin: (head) => {
      work = conduct(at, keeper, head, over.signal).catch((e: Error) =>
        at.warn(`run ${runId}: ${e.stack ?? e.message}`),
      );
    },
    abandon: () => {
      at.children.current()?.send({ kind: 'abandon', runId });
      over.abort();
    },
  });
  const giveUp = (): void => keeper.leave();
  at.stop.addEventListener('abort', giveUp, { once: true });
  const left = new Promise<RunReport>((resolve) => {
    const go = (): void => resolve({ end: 'lost', head: keeper.state().head });
    if (at.leave.aborted) go();
    else at.leave.addEventListener('abort', go, { once: true });
  });
  const report = await Promise.race([keeper.done, left]);
  at.stop.removeEventListener('abort', giveUp);
  over.abort();
  await Promise.race([work, left]);
  return report;
}

/** What an owner does: prepare, let the child train, store what it makes, and say how it ended. */
async function conduct(at: Supervision, keeper: KeeperLoop, head: RunHead, over: AbortSignal): Promise<void> {
  const { runId, term } = head;
  const scratchDir = join(at.scratchDir, `${runId}-${term}`);
  const runLog = createRunLog(at.store, runId);
  const live = createLive({
    runId,
    projectId: head.projectId,
    term,
    log: at.log,
    mayPublish: keeper.mayPublish,
    warn: at.warn,
  });
  const note = (level: string, text: string): void => {
    const line = { at: new Date().toISOString(), level, text };
    runLog.add(line);
    live.lines([line]);
  };
  const until = AbortSignal.any([over, at.stop]);
  /** A full disk is no fault of the run: it waits here under its lease, then goes back to the queue as it is, and no restart counts. */
  async function unlessFull(end: Ending): Promise<Ending> {
    if (end.kind !== 'crash' || !tellsOfFullDisk(end.failure.message)) return end;
    note('warn', `${end.failure.message}; the run waits for room and goes on from its last checkpoint`);
    at.warn(`run ${runId}: ${end.failure.message}; it waits for room`);
    await untilRoom(at.scratchDir, at.roomMs, until);
    return { kind: 'release' };
  }
  try {
    await mkdir(scratchDir, { recursive: true });
    const ready = await persist(
      `preparing run ${runId}`,
      () => prepare(at.store, head, { ...at, scratchDir }, (t) => note('warn', t)),
      until,
      at.warn,
    );
    const pointer = ready.restored?.pointer ?? null;
    if (pointer?.prefix !== head.checkpoint?.prefix) await keeper.ask({ kind: 'rewind', to: pointer });
    const end = await unlessFull(
      await train(at, keeper, { head, ready, scratchDir, live, note, storeLog: runLog.store }, over),
    );
    const failure = failureOf(end);
    if (failure) note('error', failure.message);
    // Everything said so far goes out before the last word, as far as that is possible now.
    await live.flush();
    await runLog.store().catch((e: Error) => at.warn(`storing the log of ${runId}: ${e.message}`));
    const after = await keeper.ask(end);
    if (end.kind === 'finish' && end.result && after.head?.outcome?.resultKey === end.outcome.resultKey)
      await pruneOutputs(at.store, head, end.result.outputs).catch((e: Error) =>
        at.warn(`removing activations of replaced owners of ${runId}: ${e.message}`),
      );
  } catch (e) {
    if (over.aborted) return;
    const end = await unlessFull(endAfter(e as Error, at.stop.aborted));
    if (end.kind !== 'release') note('error', (e as Error).message);
    await live.flush();
    await runLog.store().catch(() => {});
    await keeper.ask(end);
  } finally {
    live.stop();
    at.children.listen(() => {});
    await rm(scratchDir, { recursive: true, force: true }).catch(() => {});
  }
}

type Ending = Extract<Parameters<KeeperLoop['ask']>[0], { kind: 'finish' | 'release' | 'crash' }>;

const failureOf = (end: Ending): RunFailure | null =>
  end.kind === 'crash' ? end.failure : end.kind === 'finish' ? end.outcome.failure : null;

const retried = (failure: RunFailure): boolean =>
  Object.values(exitCodes).some((c) => c.failure === failure.kind && c.retry);

function failed(failure: RunFailure): Ending {
  if (retried(failure)) return { kind: 'crash', failure };
  return { kind: 'finish', outcome: { state: 'FAILED', failure, resultKey: null, seconds: null }, result: null };
}

function endAfter(e: Error, stopping: boolean): Ending {
  if (e instanceof GivenUp || (stopping && !(e instanceof Broken))) return { kind: 'release' };
  if (e instanceof Broken) return failed({ kind: 'BAD_DATA', message: e.message });
  if (!(e instanceof ChildDied)) return failed({ kind: 'INFRASTRUCTURE', message: e.message });
  const exit = classifyExit(e.code, e.signal);
  if (exit.name === 'interrupted' || exit.name === 'lostOwnership') return { kind: 'release' };
  return failed({ kind: exit.failure ?? 'INFRASTRUCTURE', message: e.message });
}

interface Conducted {
  readonly head: RunHead;
  readonly ready: Prepared;
  readonly scratchDir: string;
  readonly live: Live;
  readonly note: (level: string, text: string) => void;
  readonly storeLog: () => Promise<void>;
}

/** Talks with the child until the run has an ending. Throws `ChildDied` when the child does, `GivenUp` when the run is over. */
async function train(at: Supervision, keeper: KeeperLoop, run: Conducted, over: AbortSignal): Promise<Ending> {
  const { runId, term, specHash } = run.head;
  const { record, dataset, restored, initFile } = run.ready;
  const inbox = createInbox<ChildEvent>();
  const series = createMetricSeries(at.store, runId, restored?.manifest.chunks ?? []);
  const outputs = createStoredOutputs(at.store, run.head, restored?.manifest.outputs ?? []);
  let hang = startHangClock(at.clock.now().ms, restored?.manifest.step ?? 0);
  let stderr = '';
  at.children.listen((event) => {
    if (event.kind === 'message' && event.message.kind === 'progress' && event.message.runId === runId)
      hang = stepped(hang, event.message.step, at.clock.now().ms);
    if (event.kind === 'message' && event.message.kind === 'evaluating') hang = heard(hang, at.clock.now().ms);
    inbox.put(event);
  });
  const { child, fingerprint } = await at.children.get();
  const history = extended(restored?.manifest.history ?? [], fingerprint);
  child.send({
    kind: 'start',
    runId,
    spec: record.spec,
    manifest: dataset.manifest,
    dataDir: dataset.dir,
    scratchDir: run.scratchDir,
    initFile,
    resume: restored && { dir: restored.dir, manifest: restored.manifest },
    checkpointSeconds: at.checkpointSeconds,
  });

  let hung = false;
  const watching = setInterval(
    () => {
      hung = hangs(hang, at.clock.now().ms, at.hangMs);
      if (hung) child.kill();
    },
    Math.min(1000, at.hangMs / 4),
  );
  const stop = (): void => child.send({ kind: 'stop' });
  if (at.stop.aborted) stop();
  else at.stop.addEventListener('abort', stop, { once: true });

  const stored = <T>(what: string, work: () => Promise<T>): Promise<T> =>
    persist(`${what} of run ${runId}`, work, over, at.warn);

  async function checkpoint(message: Extract<FromChild, { kind: 'checkpoint' }>): Promise<void> {
    const { step, epoch, epochStep, files, carry, dir } = message;
    const current = keeper.state().head?.checkpoint;
    const there = current?.term === term && current.step === step;
    // When the child is faster than the store, only its newest checkpoint is worth storing; its points stay in the series.
    const overtaken = inbox.holds(
      (e) => e.kind === 'message' && e.message.kind === 'checkpoint' && e.message.runId === runId,
    );
    if (!there && !overtaken) {
      const pointer = await stored('storing a checkpoint', async () => {
        // The child keeps its last few only: while the store was away this one may have made room for newer ones.
        if (!existsSync(dir)) return null;
        const chunks = [...(await series.cut(term, step))];
        const random = { seed: record.spec.seed, scheme: 'philox4x32-10/v1' as const };
        const manifest = {
          ...{ v: 1 as const, runId, specHash, term, step, epoch, epochStep, files },
          ...{ fingerprint, history, random, carry, chunks, outputs: [...outputs.all()] },
        };
        return storeCheckpoint(at.store, dir, manifest).catch((e: NodeJS.ErrnoException) => {
          // It made room while this one was being stored: the newer one follows.
          if (e.code === 'ENOENT' && e.path?.startsWith(dir)) return null;
          throw e;
        });
      });
      if (pointer === null) return;
      const after = await keeper.ask({ kind: 'publish', pointer });
      if (after.head?.checkpoint?.prefix === pointer.prefix && !over.aborted) {
        await pruneCheckpoints(at.store, after.head).catch((e: Error) =>
          at.warn(`removing old checkpoints of ${runId}: ${e.message}`),
        );
        await run.storeLog().catch((e: Error) => at.warn(`storing the log of ${runId}: ${e.message}`));
      }
    }
    await rm(dir, { recursive: true, force: true });
  }

  async function finish(message: Extract<FromChild, { kind: 'finished' }>): Promise<Ending> {
    const { key, result } = await stored('storing the result', async () =>
      storeResult(
        at.store,
        { record, term, history, chunks: await series.cut(term, message.steps, 'end'), outputs: outputs.all() },
        message,
        message.seconds,
      ),
    );
    return {
      kind: 'finish',
      outcome: { state: 'SUCCEEDED', failure: null, resultKey: key, seconds: message.seconds },
      result,
    };
  }

  /** Null while the run goes on. */
  async function hear(message: FromChild): Promise<Ending | null> {
    switch (message.kind) {
      case 'started':
        await keeper.ask({
          kind: 'start',
          fingerprint,
          totalSteps: message.totalSteps,
          resumedFromStep: restored?.manifest.step ?? null,
        });
        return null;
      case 'progress': {
        const { step, totalSteps, epoch, examplesPerSecond } = message;
        const secondsPerStep =
          hang.perStep.length > 0 ? hang.perStep.reduce((a, b) => a + b, 0) / hang.perStep.length / 1000 : null;
        run.live.progress({
          step,
          totalSteps,
          epoch,
          examplesPerSecond,
          etaSeconds: secondsPerStep === null ? null : (totalSteps - step) * secondsPerStep,
        });
        return null;
      }
      case 'points':
        series.add(message.points);
        run.live.points(message.points);
        return null;
      case 'output':
        await stored('storing activations', () => outputs.add(message.output));
        return null;
      case 'log':
        run.note(message.level, message.text);
        return null;
      case 'checkpoint':
        await checkpoint(message);
        return null;
      case 'finished':
        clearInterval(watching);
        return finish(message);
      case 'interrupted':
        return { kind: 'release' };
      case 'failed':
        return failed(message.failure);
      case 'ready':
      case 'evaluating':
        return null;
    }
  }

  try {
    for (;;) {
      const event = await inbox.take(over);
      if (event === null) throw new GivenUp(`run ${runId} is over`);
      if (event.kind === 'output') {
        if (event.stream === 'stderr') stderr = `${stderr}${event.text}\n`.slice(-2000);
        run.note(event.level, event.text);
      } else if (event.kind === 'garbled') {
        stderr = `a message that is none: ${event.because}`;
      } else if (event.kind === 'exit') {
        if (hung)
          return failed({
            kind: 'HUNG',
            message: `no step for ${Math.round((at.clock.now().ms - hang.lastMs) / 1000)} s after step ${hang.lastStep}; the training process was killed`,
          });
        throw new ChildDied(event.code, event.signal, stderr.trim());
      } else if (!('runId' in event.message) || event.message.runId === runId || event.message.runId === null) {
        const end = await hear(event.message);
        if (end) return end;
      }
    }
  } finally {
    clearInterval(watching);
    at.stop.removeEventListener('abort', stop);
  }
}

const extended = (history: readonly Fingerprint[], now: Fingerprint): Fingerprint[] =>
  history.length > 0 && canonicalJson(history.at(-1)) === canonicalJson(now) ? [...history] : [...history, now];
