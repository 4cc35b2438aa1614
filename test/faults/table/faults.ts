import { randomBytes } from 'node:crypto';
import { isTerminal, topicOf } from '@minvar/contracts';
import { readThrough } from '@minvar/service-kit';
import { until } from '../../e2e/support';
import type { Expected } from './check';
import { killed, processOf } from './processes';
import type { ServerName, System } from './system';
import { leaseSeconds } from './system';
import type { Promised } from './workload';
import { accepted, ask, headOf, underway } from './workload';

export interface Injected {
  /** how often, counted by what was seen of it: a process gone, an exit code, a record in the log */
  readonly times: number;
  /** seconds from each injection, or from its end where it lasts, until the work that it hit had gone on */
  readonly recoveries: readonly number[];
  readonly expected?: Expected;
}

export interface Fault {
  readonly name: string;
  readonly where: readonly System['kind'][];
  /** recovery is promised within `recoveryBoundSeconds` */
  readonly bounded?: true;
  /** Injects it while these runs go on, `rounds` times where it can be repeated. */
  inject(s: System, promised: Promised, rounds: number): Promise<Injected>;
}

const both = ['home', 'servers'] as const;
/** How long a run may take to go on after its runner was killed. */
export const recoveryBoundSeconds = leaseSeconds + 15;

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const seconds = (since: number): number => (performance.now() - since) / 1000;

/** Until somebody has taken the run over, in a later term, or it has ended. */
async function goesOn(s: System, runId: string, term: number, since: number): Promise<number> {
  await until(
    `run ${runId.slice(0, 12)} to go on after term ${term}`,
    async () => {
      const head = await headOf(s, runId);
      return head && (isTerminal(head.state) || (head.term > term && head.owner !== null));
    },
    120,
  );
  return seconds(since);
}

/** Until every run that was under way has a later checkpoint, or has ended. */
async function allGoOn(s: System, { runIds }: Promised, since: number): Promise<number> {
  const before = await Promise.all(runIds.map((id) => headOf(s, id)));
  await until(
    'all runs to go on',
    async () => {
      const now = await Promise.all(runIds.map((id) => headOf(s, id)));
      return now.some((h, i) => h && (h.counter > (before[i]?.counter ?? 0) || isTerminal(h.state)));
    },
    120,
  );
  return seconds(since);
}

/** Kills one process of a run that trains, round by round while some do. */
const kill =
  (which: 'supervisors' | 'children'): Fault['inject'] =>
  async (s, { runIds }, rounds) => {
    const recoveries: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const head = await underway(s, runIds).catch(() => null);
      const [victim] = s.runners()[which];
      if (!head || !victim) break;
      const terms = await Promise.all(runIds.map(async (id) => [id, await headOf(s, id)] as const));
      const since = performance.now();
      if (!(await killed(victim))) continue;
      // Which of them it was shows in whose term ends.
      const running = terms.filter(([, h]) => h?.state === 'RUNNING');
      recoveries.push(await Promise.race(running.map(([id, h]) => goesOn(s, id, h!.term, since))));
    }
    return { times: recoveries.length, recoveries };
  };

/**
 * Everything that works at a run stands still past its lease, then wakes. In one process the laboratory kills such a runner, which could
 * hold up the others; apart, another trainer takes over, and the fence is all that keeps the two from each other.
 */
const stopPastLease: Fault['inject'] = async (s, { runIds }, rounds) => {
  const recoveries: number[] = [];
  for (let round = 0; round < rounds; round++) {
    if (!(await underway(s, runIds).catch(() => null))) break;
    const [stopped] = s.workers();
    if (!stopped) break;
    const before = await Promise.all(runIds.map((id) => headOf(s, id)));
    const signal = (name: 'SIGSTOP' | 'SIGCONT'): void => {
      for (const { pid, born } of stopped) if (processOf(pid)?.born === born) process.kill(pid, name);
    };
    const since = performance.now();
    signal('SIGSTOP');
    try {
      await until(
        'another to take over',
        async () => {
          const now = await Promise.all(runIds.map((id) => headOf(s, id)));
          return now.some((h, i) => h && before[i]?.state === 'RUNNING' && h.term > before[i].term && h.owner !== null);
        },
        60,
      );
      recoveries.push(seconds(since));
    } finally {
      signal('SIGCONT');
    }
  }
  return { times: recoveries.length, recoveries };
};

const endInOrder: Fault['inject'] = async (s, { runIds }, rounds) => {
  const recoveries: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const head = await underway(s, runIds).catch(() => null);
    if (!head) break;
    const from = performance.now();
    const codes = await s.endRunning();
    // A command that a signal ended says so by its exit code; a service that was asked to end has done what it should.
    const usual = s.kind === 'home' ? 143 : 0;
    if (codes.some((code) => code !== usual)) throw new Error(`asked to end, they exited with ${codes.join(', ')}`);
    if (seconds(from) > 30) throw new Error(`asked to end, they took ${seconds(from).toFixed(0)} s`);
    const left = (await headOf(s, head.runId))!;
    if (!isTerminal(left.state) && (left.owner !== null || left.state !== 'QUEUED' || left.checkpoint === null))
      throw new Error(
        `after an orderly end ${left.runId} is ${left.state} of ${left.owner}, checkpoint ${left.checkpoint?.prefix}`,
      );
    const since = performance.now();
    await s.startAll();
    recoveries.push(await goesOn(s, head.runId, head.term, since));
  }
  return { times: recoveries.length, recoveries };
};

const killEverything: Fault['inject'] = async (s, { runIds }, rounds) => {
  const recoveries: number[] = [];
  let times = 0;
  for (let round = 0; round < rounds; round++) {
    const head = await underway(s, runIds).catch(() => null);
    if (!head) break;
    times += await s.killAll();
    const since = performance.now();
    await s.startAll();
    recoveries.push(await goesOn(s, head.runId, head.term, since));
  }
  return { times, recoveries };
};

/** One bit of the newest checkpoint turned, or its end cut off, while nobody runs; the one before it is used. */
const tearCheckpoint: Fault['inject'] = async (s, { runIds }, rounds) => {
  const recoveries: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const found = await until(
      'a run with two checkpoints',
      async () => {
        const heads = await Promise.all(runIds.map((id) => headOf(s, id)));
        if (heads.every((h) => h && isTerminal(h.state))) return { head: null };
        const head = heads.find((h) => h?.state === 'RUNNING' && h.checkpoint && h.previousCheckpoint);
        return head ? { head } : null;
      },
      90,
    );
    if (!found.head) break;
    await s.endRunning();
    const head = (await headOf(s, found.head.runId))!;
    if (!head.checkpoint || isTerminal(head.state)) {
      await s.startAll();
      continue;
    }
    const file = round % 2 === 0 ? 'model.safetensors' : 'optimizer.safetensors';
    const key = `${head.checkpoint.prefix}${file}`;
    const whole = Buffer.from((await s.place.store.get(key)).body);
    const torn = round % 2 === 0 ? Buffer.from(whole) : whole.subarray(0, whole.length - 4096);
    if (round % 2 === 0) torn[torn.length >> 1]! ^= 1;
    await s.place.store.put(key, torn);
    const since = performance.now();
    await s.startAll();
    recoveries.push(await goesOn(s, head.runId, head.term, since));
  }
  return { times: recoveries.length, recoveries };
};

const poison: Fault['inject'] = async (s, promised) => {
  const topics = [topicOf('run', 'commands'), topicOf('run', 'events'), topicOf('experiment', 'commands')];
  const text = (value: object): Buffer => Buffer.from(JSON.stringify(value));
  const headers = { ce_specversion: '1.0' };
  const bad = topics.flatMap((topic) => [
    { topic, key: 'poison', headers: {}, value: randomBytes(64) },
    { topic, key: 'poison', headers, value: text({ v: 99, type: 'run.create', data: {} }) },
    { topic, key: 'poison', headers, value: text({ type: 'no.such', data: null }) },
  ]);
  const since = performance.now();
  await s.place.log.append(bad);
  // Each consumer that reads a topic lays it aside for itself.
  let last = -1;
  let same = 0;
  const count = await until(
    'the dead letters to stop growing',
    async () => {
      const { deadLetters } = await ask<{ deadLetters: { totalCount: number } }>(s, '{ deadLetters { totalCount } }');
      same = deadLetters.totalCount === last ? same + 1 : 0;
      last = deadLetters.totalCount;
      await pause(250);
      return last >= bad.length && same >= 6 ? last : null;
    },
    60,
  );
  void promised;
  return { times: bad.length, recoveries: [seconds(since)], expected: { deadLetters: count } };
};

/** The last records of every topic once more, in another order, as a sender does that had no answer. */
const sayAgain: Fault['inject'] = async (s, { runIds }) => {
  await underway(s, runIds);
  await pause(1500);
  const topics = (['events', 'metrics', 'logs', 'commands'] as const).map((channel) => topicOf('run', channel));
  const again = [];
  for (const { topic, partition, offset: to } of await s.place.log.end(topics))
    for await (const records of readThrough(s.place.log, { topic, partition, from: 0, to }))
      again.push(
        ...records
          .filter((r) => runIds.includes(r.key))
          .map(({ key, headers, value }) => ({ topic, key, headers, value })),
      );
  const since = performance.now();
  const shuffled = again.map((r) => ({ r, at: Math.random() })).sort((a, b) => a.at - b.at);
  await s.place.log.append(shuffled.map(({ r }) => r));
  return { times: again.length, recoveries: [await allGoOn(s, { idempotencyKey: '', preset: '', runIds }, since)] };
};

const sameKeyTwice: Fault['inject'] = async (s, promised, rounds) => {
  for (let round = 0; round < rounds; round++) {
    const answers = await Promise.all([0, 1, 2, 3].map(() => accepted(s, promised.idempotencyKey)));
    for (const a of answers)
      if (a.preset !== promised.preset || [...a.runIds].sort().join() !== [...promised.runIds].sort().join())
        throw new Error(`the same key gave ${JSON.stringify(a)} beside ${JSON.stringify(promised)}`);
  }
  return { times: 4 * rounds, recoveries: [] };
};

const cancelAtTheEnd: Fault['inject'] = async (s, { runIds }) => {
  let times = 0;
  await Promise.all(
    runIds.map(async (id, i) => {
      await until(
        'a run that is almost done',
        async () => {
          const head = await headOf(s, id);
          return head && (isTerminal(head.state) || (head.checkpoint?.epoch ?? 0) >= 22 + 3 * i);
        },
        120,
      );
      type Answer = { cancelRun: { __typename: string; message?: string } };
      const { cancelRun } = await ask<Answer>(
        s,
        'mutation ($id: ID!) { cancelRun(input: { id: $id }) { __typename ... on Error { message } } }',
        { id },
      );
      // One that has ended is not to be cancelled any more.
      if (cancelRun.__typename === 'CancelRunPayload') times++;
      else if (cancelRun.__typename !== 'ConflictError') throw new Error(`cancelRun: ${cancelRun.message}`);
    }),
  );
  return { times, recoveries: [], expected: { states: ['SUCCEEDED', 'CANCELLED'] } };
};

const outage =
  (server: ServerName, how: 'SIGKILL' | 'SIGSTOP', forSeconds: number): Fault['inject'] =>
  async (s, promised, rounds) => {
    const recoveries: number[] = [];
    for (let round = 0; round < rounds; round++) {
      if (!(await underway(s, promised.runIds).catch(() => null))) break;
      await s.apart!.signal(server, how);
      await pause(forSeconds * 1000);
      if (how === 'SIGKILL') await s.apart!.again(server);
      else await s.apart!.signal(server, 'SIGCONT');
      const since = performance.now();
      await ask(s, '{ runs(first: 1) { totalCount } }');
      recoveries.push(await allGoOn(s, promised, since));
    }
    return { times: recoveries.length, recoveries };
  };

const comeAndGo: Fault['inject'] = async (s, promised, rounds) => {
  await underway(s, promised.runIds);
  let times = 0;
  for (let round = 0; round < rounds; round++) {
    for (const name of ['analyzer', 'trainer', 'gateway', 'data-ingest'] as const) {
      const exit = await s.apart!.replace(name, 'SIGTERM');
      if (exit !== 0) throw new Error(`${name}, asked to end, exited with ${exit}`);
      times++;
      await pause(1000);
    }
  }
  const since = performance.now();
  await s.startAll();
  return { times, recoveries: [await allGoOn(s, promised, since)] };
};

const killServices: Fault['inject'] = async (s, promised, rounds) => {
  const recoveries: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const name of ['trainer', 'analyzer', 'gateway', 'data-ingest'] as const) {
      const since = performance.now();
      if ((await s.apart!.replace(name, 'SIGKILL')) !== 'SIGKILL') throw new Error(`${name} was not killed`);
      recoveries.push(await allGoOn(s, promised, since));
    }
  }
  return { times: recoveries.length, recoveries };
};

export const faults: readonly Fault[] = [
  { name: 'TensorFlow child killed', where: both, bounded: true, inject: kill('children') },
  { name: 'supervisor killed', where: both, bounded: true, inject: kill('supervisors') },
  { name: 'runner stopped past its lease', where: both, inject: stopPastLease },
  { name: 'SIGTERM to what runs the runs', where: both, inject: endInOrder },
  { name: 'every process killed', where: both, inject: killEverything },
  { name: 'checkpoint torn', where: both, inject: tearCheckpoint },
  { name: 'poisoned messages', where: both, inject: poison },
  { name: 'records said again, out of order', where: both, inject: sayAgain },
  { name: 'one idempotency key again and again', where: both, inject: sameKeyTwice },
  { name: 'cancel racing the end', where: both, inject: cancelAtTheEnd },
  { name: 'a service of each kind killed', where: ['servers'], inject: killServices },
  { name: 'services join and leave', where: ['servers'], inject: comeAndGo },
  { name: 'broker killed and back', where: ['servers'], inject: outage('kafka-1', 'SIGKILL', 5) },
  { name: 'object store killed and back', where: ['servers'], inject: outage('minio', 'SIGKILL', 5) },
  { name: 'object store hangs', where: ['servers'], inject: outage('minio', 'SIGSTOP', 10) },
  { name: 'PostgreSQL killed and back', where: ['servers'], inject: outage('postgres', 'SIGKILL', 5) },
];
