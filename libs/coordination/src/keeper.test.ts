import type { RunHead } from '@minvar/contracts';
import { isTerminal, runIdOf } from '@minvar/contracts';
import { describe, expect, it } from 'vitest';
import type { Now } from './change';
import type { Keeper, KeeperEffect, KeeperInput } from './keeper';
import { createKeeper, keep } from './keeper';
import type { LeaseWatch } from './lease-clock';
import { observe, ranOut } from './lease-clock';
import type { RunEvent } from './run-events';
import { isOwned, queuedHead, requestCancel, requeueExpired } from './run-head';

const runId = runIdOf('local', 'a'.repeat(64), null);
const leaseMs = 3000;
const fingerprint = {
  tensorflow: 't',
  build: 'b',
  device: 'cpu',
  deviceName: 'd',
  instructionSet: 'i',
  intraOpThreads: 1,
  interOpThreads: 1,
  deterministic: true,
} as const;
const outcome = { state: 'SUCCEEDED', failure: null, seconds: 1 } as const;

const random = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

interface Actor {
  k: Keeper;
  /** offset of this process's monotonic clock */
  skew: number;
  work: 'none' | 'starting' | 'steps' | 'ended';
  step: number;
  answers: KeeperInput[];
  dead: boolean;
}

/**
 * A world of one head in a store with conditional writes, supervisors that come, work, stall and die, a trainer that
 * requeues what ran out, and somebody who cancels. Replies get lost, writes land late, clocks differ.
 */
function world(
  seed: number,
  options: { fenced: boolean },
): { history: RunHead[]; events: RunEvent[]; results: string[]; settled: boolean } {
  const r = random(seed);
  let clock = 1e6;
  let n = 0;
  let faulty = true;
  const stampAt = (skew: number): Now => ({ ms: clock + skew, at: new Date(clock).toISOString(), nonce: `n${n++}` });
  let head = queuedHead(
    { projectId: 'local', runId, specHash: 'a'.repeat(64), priority: 0, shareKey: 'x' },
    stampAt(0),
  );
  const history: RunHead[] = [head];
  const events: RunEvent[] = [];
  const results: string[] = [];
  const late: { expected: string; body: RunHead }[] = [];
  const put = (expected: string, body: RunHead): boolean => {
    if (options.fenced && head.nonce !== expected) return false;
    head = body;
    history.push(body);
    return true;
  };
  const actors: Actor[] = [];
  let born = 0;
  const spawn = (): void => {
    const owner = `s${born++}`;
    actors.push({
      k: createKeeper({ runId, owner, leaseMs, patience: r() < 0.5 ? 'watch' : 'leave', restartLimit: 1000 }),
      skew: Math.floor(r() * 1e5),
      work: 'none',
      step: 0,
      answers: [],
      dead: false,
    });
  };
  const perform = (a: Actor, effect: KeeperEffect): void => {
    const fault = faulty ? r() : 1;
    switch (effect.kind) {
      case 'read':
        a.answers.push(fault < 0.1 ? { kind: 'readFailed' } : { kind: 'read', head, etag: head.nonce });
        break;
      case 'swap':
        if (fault < 0.05) late.push(effect);
        else if (fault < 0.1) void 0;
        else {
          const done = put(effect.expected, effect.body);
          if (fault > 0.2) {
            a.answers.push(done ? { kind: 'swapped', etag: effect.body.nonce } : { kind: 'swapRefused' });
            break;
          }
        }
        a.answers.push({ kind: 'swapUnknown' });
        break;
      case 'readResult':
        a.answers.push({ kind: 'result', result: { fingerprints: [fingerprint], numericsChanged: false } as never });
        break;
      case 'send':
        if (fault > 0.1) events.push(effect.event);
        a.answers.push(fault > 0.2 ? { kind: 'sent' } : { kind: 'sendFailed' });
        break;
      case 'begin':
        a.work = 'starting';
        a.step = effect.head.checkpoint?.step ?? 0;
        break;
      case 'abandon':
        a.work = 'none';
        break;
      case 'done':
        a.dead = true;
    }
  };
  const feed = (a: Actor, input: KeeperInput): void => {
    const to = keep(a.k, input, stampAt(a.skew));
    a.k = to.state;
    to.effects.forEach((e) => perform(a, e));
  };
  const labour = (a: Actor): void => {
    const ask = (change: Extract<KeeperInput, { kind: 'ask' }>['change']): void => feed(a, { kind: 'ask', change });
    if (a.work === 'starting') {
      a.work = 'steps';
      ask({ kind: 'start', fingerprint, totalSteps: 50, resumedFromStep: a.step });
    } else if (a.work === 'steps' && a.step < 50) {
      a.step += 10;
      ask({
        kind: 'publish',
        pointer: { prefix: `${a.k.term}-${a.step}`, term: a.k.term, step: a.step, epoch: 1, manifestSha256: 'm' },
      });
    } else if (a.work === 'steps') {
      a.work = 'ended';
      const resultKey = `results/${a.k.term}`;
      results.push(resultKey);
      ask({
        kind: 'finish',
        outcome: { ...outcome, resultKey },
        result: { fingerprints: [fingerprint], numericsChanged: false } as never,
      });
    }
  };
  let watch: LeaseWatch | null = null;
  const cancelAt = r() < 0.3 ? Math.floor(r() * 400) : -1;
  for (let t = 0; t < 3000 && !(t > 600 && isTerminal(head.state) && actors.every((a) => a.dead)); t++) {
    faulty = t < 500;
    clock += Math.floor(r() * 400);
    const alive = actors.filter((a) => !a.dead);
    if (alive.length === 0 || (faulty && r() < 0.02)) spawn();
    const a = alive[Math.floor(r() * alive.length)];
    const p = r();
    if (a && faulty && p < 0.01) a.dead = true;
    else if (a && faulty && p < 0.02) clock += leaseMs * 3;
    else if (a && a.answers.length > 0 && p < 0.6) feed(a, a.answers.splice(Math.floor(r() * a.answers.length), 1)[0]!);
    else if (a && p < 0.75) labour(a);
    else if (a) feed(a, { kind: 'tick' });
    if (late.length > 0 && r() < 0.2) {
      const w = late.shift()!;
      put(w.expected, w.body);
    }
    watch = observe(watch, head.nonce, clock, leaseMs);
    if (isOwned(head) && ranOut(watch, leaseMs)) {
      const to = requeueExpired(head, stampAt(0), 1000);
      if (to.ok) put(head.nonce, to.value);
    }
    if (t === cancelAt) {
      const to = requestCancel(head, stampAt(0));
      if (to.ok) put(head.nonce, to.value);
    }
  }
  return { history, events, results, settled: isTerminal(head.state) && actors.every((a) => a.dead) };
}

/** The promises of operations.md that concern one run; an empty list when they are kept. */
function broken({ history, events, settled }: ReturnType<typeof world>): string[] {
  const wrong: string[] = [];
  if (!settled) wrong.push('the run never came to an end');
  history.slice(1).forEach((h, i) => {
    const before = history[i]!;
    if (h.term < before.term) wrong.push(`term fell from ${before.term} to ${h.term}`);
    if (isTerminal(before.state)) wrong.push(`changed after ${before.state}`);
    if (h.checkpoint && h.checkpoint.step < (before.checkpoint?.step ?? 0)) wrong.push('checkpoint went back');
    if (h.counter !== before.counter + 1) wrong.push('a change was built on something other than the newest head');
  });
  const last = history.at(-1)!;
  const terminal = events.filter((e) => e.id === `${runId}:terminal:1`);
  if (!terminal.some((e) => e.term === last.term)) wrong.push('no terminal event');
  if (new Set(terminal.map((e) => JSON.stringify([e.type, e.data]))).size > 1)
    wrong.push('two different terminal events');
  for (const e of events) {
    if (e.type !== 'run.checkpointed') continue;
    if (!history.some((h) => h.checkpoint?.prefix === e.data.prefix))
      wrong.push('an event about a checkpoint that the head never had');
  }
  return wrong;
}

const seeds = Array.from({ length: 300 }, (_, i) => i + 1);

describe('keepers of one run over a store that loses replies, among crashes, stalls and a cancellation', () => {
  it('keep every promise, whatever the order of things', () => {
    for (const seed of seeds) expect(broken(world(seed, { fenced: true })), `seed ${seed}`).toEqual([]);
  });

  it('do take over, resume, cancel and succeed in these worlds', () => {
    const worlds = seeds.map((seed) => world(seed, { fenced: true }));
    expect(worlds.filter((w) => w.history.at(-1)!.term > 1).length).toBeGreaterThan(100);
    expect(worlds.filter((w) => w.history.at(-1)!.state === 'CANCELLED').length).toBeGreaterThan(10);
    expect(worlds.filter((w) => w.results.length > 1).length).toBeGreaterThan(10);
  });

  it('break their promises at once when the store’s condition, the only fence, is taken out', () => {
    expect(seeds.filter((seed) => broken(world(seed, { fenced: false })).length > 0).length).toBeGreaterThan(100);
  });
});

describe('a keeper', () => {
  const now = (ms: number): Now => ({ ms, at: new Date(ms).toISOString(), nonce: `x${ms}` });
  const queued = queuedHead(
    { projectId: 'local', runId, specHash: 'a'.repeat(64), priority: 0, shareKey: 'x' },
    now(0),
  );
  const run = (inputs: readonly [number, KeeperInput][]): { state: Keeper; effects: KeeperEffect[] } => {
    let k = createKeeper({ runId, owner: 'me', leaseMs, patience: 'watch' });
    const effects: KeeperEffect[] = [];
    for (const [ms, input] of inputs) {
      const s = keep(k, input, now(ms));
      k = s.state;
      effects.push(...s.effects);
    }
    return { state: k, effects };
  };
  const kinds = (effects: readonly KeeperEffect[]): string[] => effects.map((e) => e.kind);

  it('reads, claims, says so, and begins', () => {
    const { effects, state } = run([
      [1, { kind: 'tick' }],
      [2, { kind: 'read', head: queued, etag: 'e' }],
      [3, { kind: 'swapped', etag: 'f' }],
    ]);
    expect(kinds(effects)).toEqual(['read', 'swap', 'begin', 'send']);
    expect(state.term).toBe(1);
    expect(effects.at(-1)).toMatchObject({ event: { id: `${runId}:1:0`, type: 'run.claimed', term: 1 } });
  });

  it('reads a swap back by its nonce before it counts as lost', () => {
    const claimed = run([
      [1, { kind: 'tick' }],
      [2, { kind: 'read', head: queued, etag: 'e' }],
    ]);
    const body = (claimed.effects[1] as Extract<KeeperEffect, { kind: 'swap' }>).body;
    const { effects } = run([
      [1, { kind: 'tick' }],
      [2, { kind: 'read', head: queued, etag: 'e' }],
      [3, { kind: 'swapUnknown' }],
      [4, { kind: 'read', head: body, etag: 'f' }],
    ]);
    expect(kinds(effects)).toEqual(['read', 'swap', 'read', 'begin', 'send']);
  });

  it('says nothing about a checkpoint before the head points at it', () => {
    const pointer = { prefix: 'p', term: 1, step: 5, epoch: 1, manifestSha256: 'm' };
    const { effects } = run([
      [1, { kind: 'tick' }],
      [2, { kind: 'read', head: queued, etag: 'e' }],
      [3, { kind: 'swapped', etag: 'f' }],
      [4, { kind: 'sent' }],
      [5, { kind: 'ask', change: { kind: 'publish', pointer } }],
    ]);
    expect(kinds(effects).slice(4)).toEqual(['swap']);
  });

  it('leaves a run whose owner renews, and never swaps it', () => {
    const owned = { ...queued, state: 'RUNNING' as const, owner: 'other', term: 1 };
    const { effects, state } = run([
      [1, { kind: 'tick' }],
      [2, { kind: 'read', head: owned, etag: 'e' }],
      [600, { kind: 'tick' }],
      [601, { kind: 'read', head: { ...owned, nonce: 'y' }, etag: 'f' }],
    ]);
    expect(kinds(effects)).toEqual(['read', 'read', 'done']);
    expect(state.end).toBe('busy');
  });

  it('says the terminal event of a run that it finds ended, with the result it left', () => {
    const ended: RunHead = {
      ...queued,
      state: 'SUCCEEDED',
      term: 3,
      outcome: { ...outcome, resultKey: 'results/3' },
      finishedAt: queued.queuedAt,
    };
    const { effects, state } = run([
      [1, { kind: 'tick' }],
      [2, { kind: 'read', head: ended, etag: 'e' }],
      [3, { kind: 'tick' }],
      [4, { kind: 'result', result: { fingerprints: [fingerprint], numericsChanged: true } as never }],
      [5, { kind: 'sendFailed' }],
      [6, { kind: 'tick' }],
      [7, { kind: 'sent' }],
    ]);
    expect(kinds(effects)).toEqual(['read', 'readResult', 'send', 'send', 'done']);
    expect(effects[2]).toMatchObject({
      event: {
        id: `${runId}:terminal:1`,
        type: 'run.succeeded',
        data: { resultKey: 'results/3', numericsChanged: true },
      },
    });
    expect(state.end).toBe('terminal');
  });
});
