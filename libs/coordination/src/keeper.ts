import type {
  CheckpointPointer,
  Fingerprint,
  MessageData,
  RunFailure,
  RunHead,
  RunOutcome,
  RunResult,
} from '@minvar/contracts';
import { isTerminal } from '@minvar/contracts';
import type { Change, Now } from './change';
import type { LeaseWatch } from './lease-clock';
import { observe, ranOut, readEvery, renewalDue } from './lease-clock';
import type { RunEvent } from './run-events';
import { runEvent, terminalEvent, terminalEventId } from './run-events';
import {
  claim,
  crash,
  finish,
  owns,
  publishCheckpoint,
  release,
  renew,
  restartLimit,
  rewind,
  start,
  takeOver,
} from './run-head';

/**
 * The keeper is the supervisor's mind about one run: it looks at the head, claims it, holds the lease, carries every
 * change to the head as a compare-and-swap, and sends the events that follow from swaps that succeeded. One swap is under
 * way at a time; one whose reply is lost is read back by its nonce. Nothing is said in public before its swap succeeded.
 *
 * | effect | carried out by | answered with |
 * | --- | --- | --- |
 * | `read` | object store: get `runs/<id>/head.json` | `read`, `readFailed` |
 * | `swap` | object store: put if the etag matches | `swapped`, `swapRefused`, `swapUnknown` |
 * | `readResult` | object store: get the outcome's result | `result`, `readFailed` |
 * | `send` | event log: append, durable before the answer | `sent`, `sendFailed` |
 * | `begin` | the supervisor: start or resume the work | later `ask`s |
 * | `abandon` | the supervisor: drop the work, write nothing more | – |
 * | `refused` | the supervisor: log it; an asked change made no sense | – |
 * | `done` | the supervisor: go on to the next run | – |
 */
export interface Keeper {
  readonly runId: string;
  readonly owner: string;
  readonly leaseMs: number;
  readonly restartLimit: number;
  /** what to do about a run somebody else owns: watch its lease, or leave it at once */
  readonly patience: 'watch' | 'leave';
  readonly phase: 'looking' | 'owned' | 'closing' | 'over';
  readonly term: number;
  readonly head: RunHead | null;
  readonly etag: string | null;
  readonly watch: LeaseWatch | null;
  readonly lastReadMs: number | null;
  /** when the last successful swap was sent; the lease counts from here */
  readonly lastSwapMs: number | null;
  readonly reading: boolean;
  readonly swap: Swap | null;
  /** changes to come; the first is under way while `swap` is set */
  readonly queue: readonly HeadChange[];
  readonly outbox: readonly RunEvent[];
  readonly sending: 'no' | 'yes' | 'failed';
  readonly seq: number;
  readonly end: KeeperEnd | null;
  /** a succeeded run was found whose terminal event must be said again: its result is needed for that */
  readonly needsResult: boolean;
  readonly reported: boolean;
}

/** `sent`: no answer yet. `doubt`: refused or lost, to be read back. `again`: it did not happen, try on what was read. */
interface Swap {
  readonly change: HeadChange;
  readonly body: RunHead;
  readonly status: 'sent' | 'doubt' | 'again';
  /** every body tried for this change; one of them in the store means that it happened, even when an answer said no */
  readonly tries: readonly { readonly nonce: string; readonly sentMs: number }[];
}

/** How it ended: the run is over; put back; taken by somebody else; never ours; gone. */
export type KeeperEnd = 'terminal' | 'released' | 'lost' | 'busy' | 'absent';

export type AskedChange =
  | {
      readonly kind: 'start';
      readonly fingerprint: Fingerprint;
      readonly totalSteps: number;
      readonly resumedFromStep: number | null;
    }
  | { readonly kind: 'rewind'; readonly to: CheckpointPointer | null }
  | { readonly kind: 'publish'; readonly pointer: CheckpointPointer }
  | { readonly kind: 'finish'; readonly outcome: RunOutcome; readonly result: RunResult | null }
  | { readonly kind: 'release' }
  | { readonly kind: 'crash'; readonly failure: RunFailure };

type HeadChange = AskedChange | { readonly kind: 'claim' } | { readonly kind: 'takeOver' } | { readonly kind: 'renew' };

export type KeeperInput =
  | { readonly kind: 'tick' }
  | { readonly kind: 'read'; readonly head: RunHead | null; readonly etag: string | null }
  | { readonly kind: 'readFailed' }
  | { readonly kind: 'swapped'; readonly etag: string }
  | { readonly kind: 'swapRefused' }
  | { readonly kind: 'swapUnknown' }
  | { readonly kind: 'result'; readonly result: RunResult }
  | { readonly kind: 'sent' }
  | { readonly kind: 'sendFailed' }
  | { readonly kind: 'ask'; readonly change: AskedChange };

export type KeeperEffect =
  | { readonly kind: 'read' }
  | { readonly kind: 'swap'; readonly expected: string; readonly body: RunHead }
  | { readonly kind: 'readResult'; readonly key: string }
  | { readonly kind: 'send'; readonly event: RunEvent }
  | { readonly kind: 'begin'; readonly head: RunHead }
  | { readonly kind: 'abandon'; readonly because: 'cancelled' | 'lost' }
  | { readonly kind: 'refused'; readonly change: string; readonly because: string }
  | { readonly kind: 'done'; readonly end: KeeperEnd; readonly head: RunHead | null };

export interface KeeperStep {
  readonly state: Keeper;
  readonly effects: readonly KeeperEffect[];
}

export function createKeeper(run: {
  runId: string;
  owner: string;
  leaseMs: number;
  patience: 'watch' | 'leave';
  restartLimit?: number;
}): Keeper {
  return {
    restartLimit,
    ...run,
    phase: 'looking',
    term: 0,
    head: null,
    etag: null,
    watch: null,
    lastReadMs: null,
    lastSwapMs: null,
    reading: false,
    swap: null,
    queue: [],
    outbox: [],
    sending: 'no',
    seq: 0,
    end: null,
    needsResult: false,
    reported: false,
  };
}

/** One step: what the keeper thinks after an input, and what is to be done in the world. Inputs after the end change nothing. */
export function keep(k: Keeper, input: KeeperInput, now: Now): KeeperStep {
  return k.reported ? { state: k, effects: [] } : settle(react(k, input, now), now);
}

const step = (state: Keeper, ...effects: KeeperEffect[]): KeeperStep => ({ state, effects });
const writer = (k: Keeper): { owner: string; term: number } => ({ owner: k.owner, term: k.term });
const isClaim = (c: HeadChange): boolean => c.kind === 'claim' || c.kind === 'takeOver';
const closes = (c: HeadChange): boolean => c.kind === 'finish' || c.kind === 'release' || c.kind === 'crash';

function react(k: Keeper, input: KeeperInput, now: Now): KeeperStep {
  switch (input.kind) {
    case 'tick':
      return tick({ ...k, sending: k.sending === 'failed' ? 'no' : k.sending }, now);
    case 'readFailed':
      return step({ ...k, reading: false, watch: null });
    case 'read':
      return seen({ ...k, reading: false, lastReadMs: now.ms }, input.head, input.etag, now);
    case 'swapped':
      return k.swap
        ? happened({ ...k, head: k.swap.body, etag: input.etag }, k.swap.tries.at(-1)!.sentMs, now)
        : step(k);
    case 'swapRefused':
    case 'swapUnknown':
      return k.swap ? step({ ...k, swap: { ...k.swap, status: 'doubt' }, reading: true }, { kind: 'read' }) : step(k);
    case 'result':
      return step({
        ...k,
        reading: false,
        needsResult: false,
        outbox: [...k.outbox, terminalEvent(k.head!, input.result, 'runner')],
      });
    case 'sent':
      return step({ ...k, sending: 'no', outbox: k.outbox.slice(1) });
    case 'sendFailed':
      return step({ ...k, sending: 'failed' });
    case 'ask':
      if (k.phase !== 'owned') return step(k);
      return step({ ...k, phase: closes(input.change) ? 'closing' : 'owned', queue: [...k.queue, input.change] });
  }
}

function tick(k: Keeper, now: Now): KeeperStep {
  if (!k.reading && k.needsResult)
    return step({ ...k, reading: true }, { kind: 'readResult', key: k.head!.outcome!.resultKey! });
  const look =
    k.phase === 'looking' && !k.swap && (k.lastReadMs === null || now.ms - k.lastReadMs >= readEvery(k.leaseMs));
  if (!k.reading && (look || k.swap?.status === 'doubt')) return step({ ...k, reading: true }, { kind: 'read' });
  const holding = k.phase === 'owned' || k.phase === 'closing';
  const due = holding && k.queue.length === 0 && k.lastSwapMs !== null && renewalDue(k.lastSwapMs, now.ms, k.leaseMs);
  return step(due ? { ...k, queue: [{ kind: 'renew' }] } : k);
}

/** What the store holds now, read while looking for a chance or after a swap that was not plainly answered. */
function seen(k: Keeper, head: RunHead | null, etag: string | null, now: Now): KeeperStep {
  if (head === null || etag === null)
    return over({ ...k, head: null, etag: null }, k.phase === 'looking' ? 'absent' : 'lost');
  const fresh: Keeper = { ...k, head, etag };
  if (!k.swap) return k.phase === 'looking' ? look(fresh, head, etag, now) : step(fresh);
  const landed = k.swap.tries.find((t) => t.nonce === head.nonce);
  if (landed) return happened(fresh, landed.sentMs, now);
  if (isClaim(k.swap.change)) return look({ ...fresh, swap: null, queue: [] }, head, etag, now);
  return owns(head, writer(k)) ? step({ ...fresh, swap: { ...k.swap, status: 'again' } }) : over(fresh, 'lost');
}

function look(k: Keeper, head: RunHead, etag: string, now: Now): KeeperStep {
  if (isTerminal(head.state)) return over(k, 'terminal');
  if (head.state === 'QUEUED') return step({ ...k, watch: null, queue: [{ kind: 'claim' }] });
  // A claim whose answer was lost landed after all, and the body has changed since: renew at once.
  if (head.owner === k.owner) return claimed(k, head, now.ms - k.leaseMs, now);
  if (k.patience === 'leave' || (k.watch !== null && k.watch.etag !== etag)) return over(k, 'busy');
  const watch = observe(k.watch, etag, now.ms, k.leaseMs);
  return step({ ...k, watch, queue: ranOut(watch, k.leaseMs) ? [{ kind: 'takeOver' }] : [] });
}

function claimed(k: Keeper, head: RunHead, sentMs: number, now: Now): KeeperStep {
  const mine: Keeper = {
    ...k,
    phase: 'owned',
    term: head.term,
    watch: null,
    swap: null,
    queue: [],
    lastSwapMs: sentMs,
  };
  return step(say(mine, 'run.claimed', { runId: k.runId, owner: k.owner, attempt: head.attempt }, now), {
    kind: 'begin',
    head,
  });
}

/** The change under way took place; `k.head` and `k.etag` are what the store holds since. */
function happened(k: Keeper, sentMs: number, now: Now): KeeperStep {
  const change = k.swap!.change;
  const head = k.head!;
  const next: Keeper = { ...k, swap: null, lastSwapMs: sentMs, queue: k.queue.slice(1) };
  if (isTerminal(head.state)) {
    const result = change.kind === 'finish' ? change.result : null;
    return over({ ...next, outbox: [...k.outbox, terminalEvent(head, result, 'runner')] }, 'terminal');
  }
  switch (change.kind) {
    case 'claim':
    case 'takeOver':
      return claimed(next, head, sentMs, now);
    case 'start': {
      const { fingerprint, totalSteps, resumedFromStep } = change;
      return step(
        say(
          next,
          'run.started',
          { runId: k.runId, attempt: head.attempt, fingerprint, totalSteps, resumedFromStep },
          now,
        ),
      );
    }
    case 'publish': {
      const { step: at, epoch, prefix } = change.pointer;
      return step(say(next, 'run.checkpointed', { runId: k.runId, step: at, epoch, prefix }, now));
    }
    case 'release':
    case 'crash':
      return over(next, 'released');
    default:
      return step(next);
  }
}

function say<T extends 'run.claimed' | 'run.started' | 'run.checkpointed'>(
  k: Keeper,
  type: T,
  data: MessageData<T>,
  now: Now,
): Keeper {
  const head = { runId: k.runId, projectId: k.head!.projectId, term: k.term };
  const event = runEvent<T>(type, `${k.runId}:${k.term}:${k.seq}`, 'runner', head, now, data) as RunEvent;
  return { ...k, seq: k.seq + 1, outbox: [...k.outbox, event] };
}

function over(k: Keeper, end: KeeperEnd): KeeperStep {
  const found = end === 'terminal' && !k.outbox.some((e) => e.id === terminalEventId(k.head!));
  const succeeded = k.head?.outcome?.state === 'SUCCEEDED';
  const again = found && !succeeded ? [terminalEvent(k.head!, null, 'runner')] : [];
  // What a replaced owner still had to say is for its successor to say.
  const outbox = end === 'lost' ? [] : [...k.outbox, ...again];
  const state: Keeper = { ...k, phase: 'over', end, swap: null, queue: [], outbox, needsResult: found && succeeded };
  const held = k.phase === 'owned' || k.phase === 'closing';
  return end === 'lost' && held ? step(state, { kind: 'abandon', because: 'lost' }) : step(state);
}

/** After every reaction: heed a cancel flag, send the next swap and the next event, report the end. */
function settle({ state, effects }: KeeperStep, now: Now): KeeperStep {
  let at: KeeperStep = { state, effects };
  for (const rule of [heedCancel, swapNext, sendNext, reportEnd]) {
    const after = rule(at.state, now);
    at = { state: after.state, effects: [...at.effects, ...after.effects] };
  }
  return at;
}

const free = (k: Keeper): boolean => k.swap === null || k.swap.status === 'again';

/** A result that was complete before the flag was seen (phase `closing`) stands; everything else gives way. */
function heedCancel(k: Keeper): KeeperStep {
  if (k.phase !== 'owned' || !k.head?.cancelRequested || !free(k)) return step(k);
  const outcome: RunOutcome = { state: 'CANCELLED', failure: null, resultKey: null, seconds: null };
  return step(
    { ...k, phase: 'closing', swap: null, queue: [{ kind: 'finish', outcome, result: null }] },
    { kind: 'abandon', because: 'cancelled' },
  );
}

function swapNext(k: Keeper, now: Now): KeeperStep {
  const change = k.queue[0];
  if (!change || !k.head || !k.etag || !free(k) || k.phase === 'over') return step(k);
  const to = transition(k, change, k.head, now);
  if (to.ok) {
    const tries = [...(k.swap?.tries ?? []), { nonce: now.nonce, sentMs: now.ms }];
    return step(
      { ...k, swap: { change, body: to.value, status: 'sent', tries } },
      { kind: 'swap', expected: k.etag, body: to.value },
    );
  }
  const phase = closes(change) ? 'owned' : k.phase;
  return step(
    { ...k, phase, swap: null, queue: k.queue.slice(1) },
    { kind: 'refused', change: change.kind, because: to.because },
  );
}

function transition(k: Keeper, change: HeadChange, head: RunHead, now: Now): Change<RunHead> {
  const by = writer(k);
  switch (change.kind) {
    case 'claim':
      return claim(head, k.owner, now);
    case 'takeOver':
      return takeOver(head, k.owner, now, k.restartLimit);
    case 'renew':
      return renew(head, by, now);
    case 'start':
      return start(head, by, now);
    case 'rewind':
      return rewind(head, by, change.to, now);
    case 'publish':
      return publishCheckpoint(head, by, change.pointer, now);
    case 'finish':
      return finish(head, by, change.outcome, now);
    case 'release':
      return release(head, by, now);
    case 'crash':
      return crash(head, by, change.failure, now, k.restartLimit);
  }
}

function sendNext(k: Keeper): KeeperStep {
  const event = k.outbox[0];
  return event && k.sending === 'no' ? step({ ...k, sending: 'yes' }, { kind: 'send', event }) : step(k);
}

function reportEnd(k: Keeper): KeeperStep {
  const quiet = k.outbox.length === 0 && k.sending === 'no' && !k.needsResult;
  return k.end !== null && quiet ? step({ ...k, reported: true }, { kind: 'done', end: k.end, head: k.head }) : step(k);
}
