import type { AnyEnvelope, Execution, RunHead } from '@minvar/contracts';
import {
  isTerminal,
  objectKeys,
  runHead,
  runIdOf,
  runSpecHash,
  runSpecSchema,
  sha256Hex,
  topicOf,
} from '@minvar/contracts';
import type { Now } from '@minvar/coordination';
import type { Consumer, EventLog, ObjectStore } from '@minvar/service-kit';
import { encodeEvent } from '@minvar/service-kit';
import { runExecution } from '@minvar/service-runner';
import { storeDataset } from '@minvar/service-runner/testing';
import { createTrainer } from '@minvar/service-trainer';
import { direct } from '../memory/call';
import { append, createMemoryLog, createRecords } from '../memory/event-log';
import { createMemoryStore, createObjects } from '../memory/object-store';
import { checkEnd } from './check-end';
import { createChaos } from './chaos';
import { createCluster } from './cluster';
import { createProjection, emptyTables } from './gateway';
import { createLedger, processOf } from './ledger';
import { calm, createNetwork } from './network';
import { createRandom } from './random';
import type { Process } from './scheduler';
import { createScheduler } from './scheduler';
import type { Script } from './training-child';
import { enter } from './virtual';

export interface Report {
  readonly seed: number;
  /** broken promises; empty when all were kept */
  readonly problems: readonly string[];
  readonly steps: number;
  /** processes killed */
  readonly crashes: number;
  /** faults by kind */
  readonly faults: Readonly<Record<string, number>>;
  /** how the runs ended, and in which terms and attempts */
  readonly ends: readonly { readonly state: string; readonly term: number; readonly attempt: number }[];
  readonly virtualSeconds: number;
  /** equal for equal seeds of equal code */
  readonly fingerprint: string;
  readonly trace: readonly string[];
}

const leaseSeconds = 3;
const projectId = 'local';
/** Longest wait, in the world's seconds, for everything to be quiet once the faults have stopped. */
const quietWithin = 240;

/** A command as a client knows it: acknowledged or not. */
export interface Asked {
  readonly envelope: AnyEnvelope;
  readonly runId: string;
  acknowledged: boolean;
}

/** One world from its seed: two trainers, runners, two gateways, a client, and everything that can go wrong among them. */
export async function simulate(seed: number, options: { readonly trace?: boolean } = {}): Promise<Report> {
  const random = createRandom(seed);
  const world = createScheduler(random, options.trace ?? false);
  enter(world);
  try {
    return await live(seed, world);
  } finally {
    enter(null);
  }
}

async function live(seed: number, world: ReturnType<typeof createScheduler>): Promise<Report> {
  const { random } = world;
  const objects = createObjects();
  const records = createRecords({
    partitionsOf: (topic) => (topic.startsWith('minvar.run.') ? 2 : 1),
    now: () => world.wall(world.world),
    sessionMs: 4000,
    waitMs: 1500,
  });
  const server = createMemoryStore(objects, direct);
  const versionId = await storeDataset(server, projectId);
  const ledger = createLedger((pointer) => {
    const manifest = objects.held.get(`${pointer.prefix}manifest.json`);
    return manifest ? sha256Hex(manifest.body) : null;
  });
  let crashes = 0;
  const faults: Record<string, number> = {};
  const crash = (process: Process): void => {
    if (!process.alive) return;
    crashes++;
    world.kill(process);
  };
  // The client never dies, so that it can say afterwards what it was promised.
  const client = world.spawn('client');
  const net = createNetwork(world, (process) => process !== client, crash);
  objects.onSwap.push((key, before, after) => {
    const by = net.caller?.name ?? 'world';
    ledger.swapped(key, before, after, by);
    if (/^(runs|leases)\//.test(key)) {
      const h = JSON.parse(Buffer.from(after).toString('utf8')) as Partial<RunHead> & { name?: string };
      world.say(
        h.name !== undefined
          ? `lease ${h.name}: ${h.owner ?? 'free'}, term ${h.term} (by ${by})`
          : `head ${short(h.runId!)}: ${h.state}, attempt ${h.attempt}, term ${h.term}, counter ${h.counter}, checkpoint ${h.checkpoint?.prefix.split('/')[3] ?? 'none'} (by ${by})`,
      );
    }
  });
  records.onAppend.add((appended) => {
    for (const r of appended)
      if (!/metrics|logs/.test(r.topic))
        world.say(`log ${r.topic.slice(7)}/${r.partition}@${r.offset}: ${r.headers['ce_type']} ${r.headers['ce_id']}`);
  });

  // Whose lease is taken while it renews in time was robbed: by a clock that was believed too much.
  const changedAt = new Map<string, number>();
  objects.onSwap.push((key, before, after) => {
    const last = changedAt.get(key) ?? -Infinity;
    changedAt.set(key, world.now());
    if (!before || !/^(runs|leases)\//.test(key)) return;
    const [was, is] = [before.body, after].map(
      (b) => JSON.parse(Buffer.from(b).toString('utf8')) as { owner: string | null },
    );
    const taken = was!.owner !== null && is!.owner !== was!.owner && processOf(was!.owner) !== net.caller?.name;
    if (taken && world.now() - last < leaseSeconds * 400)
      ledger.problems.push(
        `${key}: ${net.caller?.name} took it from ${was!.owner} ${Math.round(world.now() - last)} ms after its last sign of life`,
      );
  });

  const clockOf = (process: Process) => (): Now => ({
    ms: world.monotonic(process),
    at: new Date(world.wall(process)).toISOString(),
    nonce: `${process.name}#${process.nonces++}`,
  });
  const storeFor = (process: Process): ObjectStore => createMemoryStore(objects, net.client('store', process));
  const logFor = (process: Process): EventLog =>
    createMemoryLog(records, net.client('log', process), () => net.look('log'));
  const warn = (facts: object, text: string): void => world.say(`${text} ${JSON.stringify(facts).slice(0, 300)}`);
  const logger = { info: () => {}, warn, error: warn };

  /** Keeps a service up: a new process a while after the last one's end. */
  function service(name: string, boot: (process: Process) => Promise<void>): () => Process | null {
    let born = 0;
    let process: Process | null = null;
    const start = (): void => {
      const mine = (process = world.spawn(`${name}.${++born}`));
      mine.atDeath.push(() => {
        world.say(`${mine.name} ended`);
        process = null;
        world.after(random.between(100, 4000), world.world, `restart ${name}`, start);
      });
      world.after(0, mine, 'boot', () => {
        world.say('boots');
        boot(mine).catch((e: Error) => {
          world.say(`could not start: ${e.message}`);
          world.kill(mine);
        });
      });
    };
    start();
    return () => process;
  }

  let executions = 0;
  const scripts = new Map<string, Script>();
  const stops = new Map<Process, AbortController>();
  const launch = (execution: Execution): Process => {
    const process = world.spawn(`runner${++executions}`);
    const stop = new AbortController();
    stops.set(process, stop);
    process.atDeath.push(() => stops.delete(process));
    world.after(random.between(20, 300), process, 'exec', () => {
      world.say(`execution of ${execution.runs.map((r) => short(r.runId)).join(' ')}`);
      void runExecution({
        execution,
        log: logFor(process),
        store: storeFor(process),
        childCommand: { path: 'training-child', args: [JSON.stringify([...scripts.values()][0])] },
        leaseSeconds,
        cacheDir: '/cache',
        scratchDir: '/scratch',
        logger,
        stop: stop.signal,
        graceSeconds: 5,
        hangSeconds: 30,
        clock: { now: clockOf(process) },
      }).then(
        (code) => {
          world.say(`exits with ${code}`);
          cluster.exit(process, code);
        },
        (e: Error) => {
          ledger.problems.push(`${process.name} ended by an error that nobody expected: ${e.stack ?? e.message}`);
          cluster.exit(process, 1);
        },
      );
    });
    return process;
  };
  const cluster = createCluster(world, { slots: 2, launch });

  const trainers = ['trainerA', 'trainerB'].map((name) =>
    service(name, (process) =>
      createTrainer({
        projectId,
        log: logFor(process),
        store: storeFor(process),
        executor: cluster.executor(process),
        experiments: {},
        registries: {} as never,
        leaseSeconds,
        logger,
        now: clockOf(process),
        groupLimit: 2,
        retrySeconds: 0.25,
      }).start(),
    ),
  );

  const tables = emptyTables();
  const members = new Map<Process, Consumer>();
  const gateways = ['gatewayA', 'gatewayB'].map((name) =>
    service(name, async (process) => {
      const consumer = createProjection(logFor(process), tables, net.client('sql', process));
      members.set(process, consumer);
      process.atDeath.push(() => members.delete(process));
      await consumer.start();
    }),
  );

  const clientLog = logFor(client);
  const now = clockOf(client);
  const asked: Asked[] = [];
  const runs = Array.from({ length: random.between(2, 4) }, (_, i) => {
    const spec = runSpecSchema.parse({
      data: { name: 'digits', version: 'v' },
      model: { name: 'm' },
      method: { name: 'erm' },
      seed: i + 1,
      epochs: random.between(3, 5),
    });
    const specHash = runSpecHash(spec);
    return { runId: runIdOf(projectId, specHash, null), spec, specHash, priority: random.between(0, 1) };
  });
  const script: Script = { stepsPerEpoch: 3, stepMs: random.between(100, 400) };
  scripts.set('all', script);

  /** Sends a command until it is acknowledged; sometimes twice, as two gateways with one idempotency key would. */
  function command(type: 'run.create' | 'run.cancel' | 'run.retry', runId: string, key: string, data: object): void {
    const known = asked.find((a) => a.envelope.id === `${key}:command`);
    const envelope =
      known?.envelope ??
      ({
        id: `${key}:command`,
        type,
        source: 'gateway',
        subject: runId,
        time: now().at,
        projectId,
        term: null,
        traceparent: null,
        data: { runId, idempotencyKey: key, ...data },
      } as AnyEnvelope);
    const mine = known ?? { envelope, runId, acknowledged: false };
    if (!known) asked.push(mine);
    world.say(`asks ${type} ${short(runId)} as ${envelope.id}`);
    const send = (): void => {
      clientLog.append([encodeEvent(envelope)]).then(
        () => {
          if (!mine.acknowledged) world.say(`was promised ${envelope.id}`);
          mine.acknowledged = true;
          if (random.chance(0.15)) setTimeout(send, random.between(1, 5000));
        },
        () => setTimeout(send, random.between(100, 1000)),
      );
    };
    send();
  }

  const faultsEnd = random.between(15_000, 20_000);
  for (const [i, { runId, spec, specHash, priority }] of runs.entries()) {
    const at = random.between(0, i === 0 ? 1000 : 9000);
    const create = (): void =>
      command('run.create', runId, `create-${i}`, { spec, specHash, datasetVersionId: versionId, priority });
    world.after(at, client, 'create', create);
    if (random.chance(0.3)) world.after(at + random.between(1, 6000), client, 'create again', create);
    const consider = (): void => {
      const row = tables.rows.get(runId);
      const { state, attempt } = row ?? { state: null, attempt: null };
      if (attempt !== null && (state === 'FAILED' || state === 'CANCELLED') && random.chance(0.5))
        command('run.retry', runId, `retry-${i}-${attempt + 1}`, { attempt: attempt + 1 });
      else if (attempt !== null && state !== null && !isTerminal(state) && random.chance(0.06))
        command('run.cancel', runId, `cancel-${i}-${attempt}`, { attempt });
      if (world.now() < faultsEnd) world.after(random.between(500, 2500), client, 'consider', consider);
    };
    world.after(at + 1000, client, 'consider', consider);
  }

  const chaos = createChaos(world, {
    faults,
    net,
    crash,
    objects,
    records,
    ledger,
    trainers: () => trainers.flatMap((t) => t() ?? []),
    gateways: () => gateways.flatMap((g) => g() ?? []),
    runners: () => cluster.jobs().map((j) => j.process),
    lose: cluster.lose,
    stop: (process) => stops.get(process)?.abort(),
    leave: (process) => {
      const consumer = members.get(process);
      // A graceful end: hands its partitions over, then goes.
      void consumer?.stop().then(
        () => world.kill(process),
        () => world.kill(process),
      );
    },
    repeat: (record) => void append(records, [record]),
    commands: [topicOf('run', 'commands')],
    events: [topicOf('run', 'events')],
    crashes: () => crashes,
  });

  const headOf = (runId: string): RunHead | null => {
    const held = objects.held.get(objectKeys.runHead(runId));
    return held ? runHead.parse(JSON.parse(Buffer.from(held.body).toString('utf8'))) : null;
  };
  const isQuiet = (): boolean =>
    asked.every((a) => a.acknowledged) &&
    runs.every(({ runId }) => {
      const head = headOf(runId);
      return head !== null && isTerminal(head.state);
    }) &&
    cluster.jobs().length === 0;
  const finish = (): string[] =>
    checkEnd({ records, objects, tables, asked, runs, headOf, history: ledger.history, script, versionId });

  // While faults last, then until the end stands: nothing to be found wrong with it, or no time left.
  chaos.begin(faultsEnd);
  let quietSince = -1;
  let calmSince = -1;
  let problems: string[] = [];
  for (let looked = 0; ;) {
    if (!(await world.step())) break;
    if (ledger.problems.length > 0) break;
    if (!chaos.over() || world.now() - looked < 500) continue;
    looked = world.now();
    if (calmSince < 0) {
      calmSince = looked;
      net.weather = calm;
      world.say('--- faults have stopped ---');
    }
    if (!isQuiet()) quietSince = -1;
    else if (quietSince < 0) quietSince = looked;
    const inTime = looked - calmSince < quietWithin * 1000;
    if (quietSince >= 0 && looked - quietSince >= 3000) {
      problems = finish();
      if (problems.length === 0) break;
      if (looked - quietSince >= 30_000) {
        for (const [p, consumer] of members) world.say(`${p.name} reads ${JSON.stringify(consumer.status())}`);
        break;
      }
    }
    if (!inTime) {
      const states = runs.map(({ runId }) => `${short(runId)} ${headOf(runId)?.state ?? 'no head'}`).join(', ');
      problems = [`not quiet ${quietWithin} s after the faults: ${states}; ${cluster.jobs().length} executions`];
      break;
    }
  }
  return {
    seed,
    problems: [...ledger.problems, ...problems],
    steps: world.steps(),
    crashes,
    faults: { ...faults, ...net.faults },
    ends: runs.map(({ runId }) => {
      const head = headOf(runId);
      return { state: head?.state ?? 'NONE', term: head?.term ?? 0, attempt: head?.attempt ?? 0 };
    }),
    virtualSeconds: world.now() / 1000,
    fingerprint: world.fingerprint(),
    trace: world.trace,
  };
}

const short = (runId: string): string => runId.slice(0, 12);
