import type { EventLog, ObjectStore } from '@minvar/service-kit';
import { createPublisher, PreconditionFailed } from '@minvar/service-kit';
import type { AskedChange, Keeper, KeeperEffect, KeeperEnd, KeeperInput } from '@minvar/coordination';
import { createKeeper, keep, mayPublish } from '@minvar/coordination';
import type { RunHead } from '@minvar/contracts';
import { objectKeys, runHead, runResult } from '@minvar/contracts';
import type { Clock } from './clock';
import { Broken } from './persist';
import { readJson } from './store-io';

export interface KeeperLoop {
  /** resolves when the run is over for this supervisor, every event of its own acknowledged */
  readonly done: Promise<{ readonly end: KeeperEnd; readonly head: RunHead | null }>;
  /** Asks for a change to the head; resolves when it took place, was refused, or can no longer be. */
  readonly ask: (change: AskedChange) => Promise<Keeper>;
  readonly state: () => Keeper;
  /** true while the lease is known to be held: live messages may go out */
  readonly mayPublish: () => boolean;
  /** Stops looking at a run that was never claimed. */
  readonly leave: () => void;
}

/** Carries out the effects of one run's keeper (its table names them) and feeds it the answers. */
export function runKeeper(run: {
  readonly runId: string;
  readonly owner: string;
  readonly patience: 'watch' | 'leave';
  readonly leaseMs: number;
  readonly log: EventLog;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly begin: (head: RunHead) => void;
  readonly abandon: (because: 'cancelled' | 'lost') => void;
  readonly warn: (text: string) => void;
}): KeeperLoop {
  let k = createKeeper(run);
  const waiting: { change: AskedChange; resolve: (k: Keeper) => void }[] = [];
  let end!: (e: { end: KeeperEnd; head: RunHead | null }) => void;
  const done = new Promise<{ end: KeeperEnd; head: RunHead | null }>((resolve) => (end = resolve));
  const key = objectKeys.runHead(run.runId);
  const publisher = createPublisher(run.log);

  function feed(input: KeeperInput): void {
    const to = keep(k, input, run.clock.now());
    k = to.state;
    for (const effect of to.effects) perform(effect);
    for (const w of waiting.filter(({ change }) => k.phase === 'over' || !k.queue.includes(change))) {
      waiting.splice(waiting.indexOf(w), 1);
      w.resolve(k);
    }
  }

  const answer = (work: Promise<KeeperInput>, otherwise: KeeperInput, what: string): void =>
    void work.then(feed, (e: Error) => {
      run.warn(`${what}: ${e.message}`);
      feed(otherwise);
    });

  function perform(effect: KeeperEffect): void {
    switch (effect.kind) {
      case 'read':
        return answer(readHead(), { kind: 'readFailed' }, `reading ${key}`);
      case 'swap':
        return answer(swap(effect.body, effect.expected), { kind: 'swapUnknown' }, `swapping ${key}`);
      case 'readResult':
        return answer(readResult(effect.key), { kind: 'readFailed' }, `reading ${effect.key}`);
      case 'send':
        return answer(
          publisher.publish(effect.event).then(() => ({ kind: 'sent' })),
          { kind: 'sendFailed' },
          `sending ${effect.event.type}`,
        );
      case 'begin':
        return run.begin(effect.head);
      case 'abandon':
        return run.abandon(effect.because);
      case 'refused':
        return run.warn(`${run.runId}: ${effect.change} refused: ${effect.because}`);
      case 'done':
        clearInterval(ticking);
        return end({ end: effect.end, head: effect.head });
    }
  }

  async function readHead(): Promise<KeeperInput> {
    const found = await readJson(run.store, key, runHead);
    return { kind: 'read', head: found?.value ?? null, etag: found?.etag ?? null };
  }

  async function swap(body: RunHead, expected: string): Promise<KeeperInput> {
    try {
      const { etag } = await run.store.swap(key, Buffer.from(JSON.stringify(body)), { expected });
      return { kind: 'swapped', etag };
    } catch (e) {
      if (e instanceof PreconditionFailed) return { kind: 'swapRefused' };
      throw e;
    }
  }

  async function readResult(resultKey: string): Promise<KeeperInput> {
    const found = await readJson(run.store, resultKey, runResult);
    if (!found) throw new Broken(`${resultKey} is not in the store, though the head names it`);
    return { kind: 'result', result: found.value };
  }

  const ticking = setInterval(() => feed({ kind: 'tick' }), Math.max(20, Math.min(1000, run.leaseMs / 12)));
  queueMicrotask(() => feed({ kind: 'tick' }));
  return {
    done,
    ask: (change) =>
      new Promise((resolve) => {
        waiting.push({ change, resolve });
        feed({ kind: 'ask', change });
      }),
    state: () => k,
    mayPublish: () => k.phase !== 'over' && mayPublish(k.lastSwapMs, run.clock.now().ms, run.leaseMs),
    leave: () => {
      if (k.phase !== 'looking' || k.swap) return;
      clearInterval(ticking);
      end({ end: 'busy', head: k.head });
    },
  };
}
