import type { RunHead } from '@minvar/contracts';
import type { NewRecord } from '@minvar/service-kit';
import type { Records } from '../memory/event-log';
import { partitionsOf } from '../memory/event-log';
import type { Objects } from '../memory/object-store';
import type { Ledger } from './ledger';
import type { Network } from './network';
import type { Process, Scheduler } from './scheduler';

interface Stage {
  readonly faults: Record<string, number>;
  readonly net: Network;
  readonly crash: (process: Process) => void;
  readonly objects: Objects;
  readonly records: Records;
  readonly ledger: Ledger;
  readonly trainers: () => Process[];
  readonly gateways: () => Process[];
  readonly runners: () => Process[];
  /** the pool forgets a runner that goes on */
  readonly lose: (process: Process) => void;
  /** SIGTERM to a runner, and to a gateway */
  readonly stop: (process: Process) => void;
  readonly leave: (process: Process) => void;
  readonly repeat: (record: NewRecord) => void;
  readonly commands: readonly string[];
  readonly events: readonly string[];
  readonly crashes: () => number;
}

/** Kills that every world has before it may come to rest. */
const fewestCrashes = 5;

/** What happens to the processes of a world from outside, one thing after the other until the faults end. */
export function createChaos(
  world: Scheduler,
  stage: Stage,
): { readonly begin: (until: number) => void; readonly over: () => boolean } {
  const { random } = world;
  const { net, crash } = stage;
  let over = false;

  function any(of: Process[], act: (process: Process) => void): boolean {
    if (of.length === 0) return false;
    const process = random.pick(of);
    world.say(`hits ${process.name}`);
    act(process);
    return true;
  }

  const acts: Record<string, () => boolean> = {
    'trainer killed': () => any(stage.trainers(), crash),
    'gateway killed': () => any(stage.gateways(), crash),
    'gateway leaves': () => any(stage.gateways(), stage.leave),
    'runner killed': () => any(stage.runners(), crash),
    'runner terminated': () => any(stage.runners(), stage.stop),
    'runner cut off': () =>
      any(stage.runners(), (p) => {
        // It works on, or wakes up much later: nobody counts with it any more.
        if (random.chance(0.5)) world.freeze(p, random.between(2000, 9000));
        stage.lose(p);
      }),
    'runner stopped': () => any(stage.runners(), (p) => world.freeze(p, random.between(1000, 9000))),
    'trainer stopped': () => any(stage.trainers(), (p) => world.freeze(p, random.between(1000, 8000))),
    'gateway stopped': () => any(stage.gateways(), (p) => world.freeze(p, random.between(1000, 9000))),
    'clock jumps': () =>
      any([...stage.runners(), ...stage.trainers(), ...stage.gateways()], (p) => {
        p.wallOffset += random.between(-7_200_000, 7_200_000);
        if (random.chance(0.5)) p.monotonicOffset += random.between(100, 20_000);
      }),
    outage: () => {
      const server = random.pick(['store', 'log', 'sql'] as const);
      net.downUntil[server] = world.now() + random.between(300, 6000);
      world.say(`${server} is away`);
      return true;
    },
    'checkpoint torn': () => tear(),
    'command repeated': () => echo(stage.commands),
    'event repeated': () => echo(stage.events),
  };
  const weights: [string, number][] = [
    ['trainer killed', 3],
    ['gateway killed', 2],
    ['gateway leaves', 1],
    ['runner killed', 3],
    ['runner terminated', 1],
    ['runner cut off', 2],
    ['runner stopped', 3],
    ['trainer stopped', 2],
    ['gateway stopped', 1],
    ['clock jumps', 2],
    ['outage', 1],
    ['checkpoint torn', 1],
    ['command repeated', 2],
    ['event repeated', 1],
  ];
  const bag = weights.flatMap(([name, n]) => Array.from({ length: n }, () => name));

  /** Damages a published checkpoint: a part is cut off, or a bit flips. */
  function tear(): boolean {
    const prefixes = [...stage.objects.held].flatMap(([key, held]) => {
      if (!key.endsWith('/head.json') || !key.startsWith('runs/')) return [];
      const head = JSON.parse(Buffer.from(held.body).toString('utf8')) as RunHead;
      return head.checkpoint ? [head.checkpoint.prefix] : [];
    });
    if (prefixes.length === 0) return false;
    const prefix = random.pick(prefixes);
    const keys = [...stage.objects.held.keys()].filter((key) => key.startsWith(prefix));
    if (keys.length === 0) return false;
    const key = random.pick(keys);
    const held = stage.objects.held.get(key)!;
    const body = Uint8Array.from(held.body);
    if (random.chance(0.5)) body[random.between(0, body.length - 1)]! ^= 1 << random.between(0, 7);
    stage.objects.held.set(key, {
      ...held,
      body: random.chance(0.5) ? body : held.body.slice(0, random.between(0, body.length - 1)),
    });
    stage.ledger.torn.add(prefix);
    world.say(`${key} is damaged`);
    return true;
  }

  /** Says something from the log once more, much later, as a producer with lost answers would. */
  function echo(topics: readonly string[]): boolean {
    const all = topics.flatMap((topic) => partitionsOf(stage.records, topic).flatMap((p) => p.records));
    if (all.length === 0) return false;
    const { topic, key, headers, value } = random.pick(all);
    stage.repeat({ topic, key, headers, value });
    return true;
  }

  function strike(until: number): void {
    if (world.now() >= until && stage.crashes() >= fewestCrashes) {
      over = true;
      for (const server of ['store', 'log', 'sql'] as const) net.downUntil[server] = 0;
      return;
    }
    const name = world.now() >= until ? 'trainer killed' : random.pick(bag);
    if (acts[name]!()) {
      stage.faults[name] = (stage.faults[name] ?? 0) + 1;
      world.say(`fault: ${name}`);
    }
    world.after(random.between(50, 1800), world.world, 'weather', () => strike(until));
  }

  return {
    begin: (until) => {
      net.weather = { lost: 0.01, unanswered: 0.015, late: 0.01, fatal: 0.003 };
      world.after(random.between(500, 2000), world.world, 'weather', () => strike(until));
    },
    over: () => over,
  };
}
