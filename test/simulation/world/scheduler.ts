import type { Random } from './random';

/**
 * A simulated process: clocks of its own, timers, a disk, and a life that can end or stand still at any moment. `world` is
 * the ground they stand on (network, store, log, weather): it never dies.
 */
export interface Process {
  readonly name: string;
  readonly parent: Process | null;
  alive: boolean;
  /** stands still (SIGSTOP) until this moment of the world; 0: it does not */
  frozenUntil: number;
  /** milliseconds its clocks show per millisecond of the world */
  readonly rate: number;
  monotonicOffset: number;
  wallOffset: number;
  /** path → bytes */
  readonly disk: Map<string, Uint8Array>;
  readonly atDeath: (() => void)[];
  nonces: number;
}

interface Event {
  at: number;
  readonly order: number;
  readonly process: Process;
  readonly label: string;
  readonly run: () => void;
  cancelled: boolean;
}

export type Timer = { readonly cancel: () => void };

export interface Scheduler {
  readonly random: Random;
  readonly world: Process;
  /** milliseconds of the world since the start */
  readonly now: () => number;
  /** whose code runs now */
  readonly current: () => Process;
  readonly spawn: (name: string, parent?: Process | null) => Process;
  readonly kill: (process: Process) => void;
  readonly freeze: (process: Process, ms: number) => void;
  /** Runs something in a process after so many milliseconds of the world, unless it is dead by then. */
  readonly after: (ms: number, process: Process, label: string, run: () => void) => Timer;
  /** A timer by the process's own clock. */
  readonly timer: (ms: number, run: () => void) => Timer;
  readonly monotonic: (process: Process) => number;
  readonly wall: (process: Process) => number;
  /** Carries out what is next; false when nothing is. */
  readonly step: () => Promise<boolean>;
  /** events carried out so far that belong to processes */
  readonly steps: () => number;
  /** fingerprint of everything carried out so far, in order */
  readonly fingerprint: () => string;
  readonly say: (text: string) => void;
  readonly trace: readonly string[];
}

/** 2026-01-01: what wall clocks show at the start. */
const epoch = 1_767_225_600_000;
const realSetImmediate = globalThis.setImmediate;
/** Lets everything that a step set going by promises come to rest: microtasks are done before the next macrotask. */
const settled = (): Promise<void> => new Promise((resolve) => realSetImmediate(resolve));

export function createScheduler(random: Random, keepTrace: boolean): Scheduler {
  const heap: Event[] = [];
  const trace: string[] = [];
  let now = 0;
  let order = 0;
  let steps = 0;
  let print = 0;
  const fresh = (name: string, parent: Process | null): Process => ({
    name,
    parent,
    alive: true,
    frozenUntil: 0,
    rate: 1,
    monotonicOffset: 0,
    wallOffset: 0,
    disk: new Map(),
    atDeath: [],
    nonces: 0,
  });
  const world = fresh('world', null);
  let current = world;

  const before = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
  function push(event: Event): void {
    let i = heap.push(event) - 1;
    for (; i > 0;) {
      const up = (i - 1) >> 1;
      if (!before(event, heap[up]!)) break;
      heap[i] = heap[up]!;
      i = up;
    }
    heap[i] = event;
  }
  function pop(): Event | undefined {
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === top) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last!)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last!;
    return top;
  }

  function note(text: string): void {
    for (let i = 0; i < text.length; i++) print = Math.imul(print ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  const say = (text: string): void => {
    note(text);
    if (keepTrace) trace.push(`${(now / 1000).toFixed(3).padStart(9)}  ${current.name.padEnd(14)} ${text}`);
  };

  const self: Scheduler = {
    random,
    world,
    now: () => now,
    current: () => current,
    spawn: (name, parent = null) => ({
      ...fresh(name, parent),
      // Clocks begin anywhere and run up to half a percent fast or slow.
      rate: 1 + (random.next() - 0.5) / 100,
      monotonicOffset: random.between(0, 1e7),
      wallOffset: random.between(-60_000, 60_000),
    }),
    kill: (process) => {
      if (!process.alive || process === world) return;
      process.alive = false;
      for (const tell of process.atDeath.splice(0)) tell();
    },
    freeze: (process, ms) => {
      process.frozenUntil = Math.max(process.frozenUntil, now + ms);
    },
    after: (ms, process, label, run) => {
      const event: Event = { at: now + Math.max(0, ms), order: order++, process, label, run, cancelled: false };
      push(event);
      return { cancel: () => void (event.cancelled = true) };
    },
    timer: (ms, run) => self.after(ms / current.rate, current, 'timer', run),
    monotonic: (p) => p.monotonicOffset + now * p.rate,
    wall: (p) => Math.floor(epoch + p.wallOffset + now * p.rate),
    step: async () => {
      const event = pop();
      if (event === undefined) return false;
      now = Math.max(now, event.at);
      const { process } = event;
      if (event.cancelled || !process.alive) return true;
      if (process.frozenUntil > now) {
        event.at = process.frozenUntil;
        push(event);
        return true;
      }
      current = process;
      if (process !== world) steps++;
      print = Math.imul(print ^ Math.floor(now * 1000), 0x01000193) >>> 0;
      note(process.name);
      note(event.label);
      event.run();
      await settled();
      current = world;
      return true;
    },
    steps: () => steps,
    fingerprint: () => print.toString(16).padStart(8, '0'),
    say,
    trace,
  };
  return self;
}
