import type { MessageData, RunHead, Whole, WholeEnvelope } from '@minvar/contracts';
import {
  deadLetterTopic,
  derivedId,
  experimentIdOf,
  isTerminal,
  objectKeys,
  runIdOf,
  runSpecHash,
  runSpecSchema,
  topicOf,
} from '@minvar/contracts';
import { recordBytes } from '@minvar/service-kit';
import { describe, expect, test as base, vi } from 'vitest';
import type { Behaviour } from './testing/in-process-runner';
import type { Laboratory } from './testing/laboratory';
import { createLaboratory } from './testing/laboratory';

vi.setConfig({ testTimeout: 60_000 });

/** Every test has a laboratory of its own, so that they can wait side by side. */
const it = base.extend<{ lab: Laboratory }>({
  lab: async ({}, use) => {
    const lab = await createLaboratory();
    await use(lab);
    await lab.close();
  },
});

const once = (events: readonly WholeEnvelope[]): WholeEnvelope[] => [...new Map(events.map((e) => [e.id, e])).values()];
const typed = async (
  lab: Laboratory,
  aggregate: 'experiment' | 'run' | 'dataset',
  type: string,
): Promise<WholeEnvelope[]> => once(await lab.events(aggregate)).filter((e) => e.type === type);
const expanded = async (lab: Laboratory, requestId: string): Promise<string[]> =>
  lab.until(`${requestId} is expanded`, async () => {
    const e = (await lab.events('experiment')).find((x) => x.id === `${requestId}:expanded`);
    return e?.type === 'experiment.expanded' ? e.data.runs.map((r) => r.runId) : null;
  });
const allEnded = (lab: Laboratory, runIds: readonly string[]): Promise<true> =>
  lab.until('all runs have ended', async () => {
    const ended = new Set(
      (await lab.events('run')).filter((e) => /\.(succeeded|failed|cancelled)$/.test(e.type)).map((e) => e.subject),
    );
    return runIds.every((id) => ended.has(id));
  });
const asked = (lab: Laboratory, n = 1): Promise<true> =>
  lab.until('data is asked for', async () => (await lab.events('dataset', 'commands')).length >= n);

/** A trainer with an experiment whose data exists and whose runs are made. */
async function underWay(
  lab: Laboratory,
  behave: (head: RunHead) => Behaviour,
  preset = 'quick',
  slots = 2,
): Promise<{ runIds: string[]; requestId: string; runner: ReturnType<Laboratory['runner']> }> {
  const runner = lab.runner(slots, behave);
  await lab.trainer({ executor: runner }).start();
  const requestId = await lab.runExperiment('colour', preset);
  await asked(lab);
  await lab.ingest();
  return { runner, requestId, runIds: await expanded(lab, requestId) };
}

const exampleRunCreate = (): MessageData<'run.create'> => {
  const spec = runSpecSchema.parse({
    data: { name: 'dots', version: 'v' },
    model: { name: 'linear' },
    method: { name: 'erm' },
    epochs: 1,
  });
  const specHash = runSpecHash(spec);
  return {
    runId: runIdOf('local', specHash, null),
    spec,
    specHash,
    datasetVersionId: derivedId('datasetVersion', 'v'),
    priority: 0,
    idempotencyKey: null,
  };
};

describe.concurrent('an experiment', () => {
  it('waits for its data, then becomes runs, which run', async ({ lab }) => {
    const runner = lab.runner(2);
    await lab.trainer({ executor: runner }).start();
    const requestId = await lab.runExperiment('colour', 'quick');
    await asked(lab);
    const accepted = (await typed(lab, 'experiment', 'experiment.accepted'))[0]!;
    expect(accepted.data).toMatchObject({ requestId, waitingFor: [{ name: 'dots' }] });
    expect(await lab.events('run')).toEqual([]);
    await lab.ingest();
    const runIds = await expanded(lab, requestId);
    expect(runIds).toHaveLength(6);
    await allEnded(lab, runIds);
    for (const id of runIds) expect((await lab.head(id)).state).toBe('SUCCEEDED');
    expect(await typed(lab, 'run', 'run.queued')).toHaveLength(6);
    expect(runner.most()).toBe(2);
    // Six small runs on two places: TensorFlow would have started about twice, not six times.
    expect(runner.started.slice(0, 2).map((e) => e.runs.length)).toEqual([3, 3]);
    expect(runner.started.length).toBeLessThanOrEqual(4);
  });

  it('asks once for data that two requests need, and each kind of data by itself', async ({ lab }) => {
    await lab.trainer().start();
    await lab.runExperiment('colour', 'two');
    const second = await lab.runExperiment('shape', 'quick');
    await asked(lab, 2);
    await lab.until(
      'both are accepted',
      async () => (await typed(lab, 'experiment', 'experiment.accepted')).length === 2,
    );
    await lab.ingest();
    await expanded(lab, second);
    expect((await lab.events('dataset', 'commands')).length).toBe(2);
  });

  it('fails when its data cannot be made, and can be asked for again', async ({ lab }) => {
    await lab.trainer().start();
    const first = await lab.runExperiment('colour', 'quick');
    await asked(lab);
    await lab.ingest('train-images: 12 bytes short');
    const failed = await lab.until('it fails', async () => (await typed(lab, 'experiment', 'experiment.failed'))[0]);
    expect(failed.data).toMatchObject({ requestId: first, error: expect.stringContaining('12 bytes short') });
    const second = await lab.runExperiment('colour', 'quick');
    await asked(lab, 2);
    await lab.ingest();
    await allEnded(lab, await expanded(lab, second));
  });

  it.for([
    ['no such experiment', 'colours', 'quick', {}, "no experiment 'colours'"],
    ['no such preset', 'colour', 'slow', {}, 'exact, quick, two'],
    ['a bad setting', 'colour', 'quick', { set: ['method.alpha=7'] }, 'method.alpha'],
  ] as const)('is refused by an event for %s', async ([, name, preset, more, words], { lab }) => {
    await lab.trainer().start();
    await lab.runExperiment(name, preset, { ...more, set: [...('set' in more ? more.set : [])] });
    const failed = await lab.until(
      'it is refused',
      async () => (await typed(lab, 'experiment', 'experiment.failed'))[0],
    );
    expect((failed.data as { error: string }).error).toContain(words);
  });

  it('whose limit is beyond its data fails once: when the data is made, or at once when it was there', async ({
    lab,
  }) => {
    await lab.trainer().start();
    const failures = () => typed(lab, 'experiment', 'experiment.failed');
    await lab.runExperiment('colour', 'quick', { set: ['data.limit=1001'] });
    await asked(lab);
    expect(await failures()).toEqual([]);
    await lab.ingest();
    await lab.until('it fails', async () => (await failures())[0]);
    await lab.runExperiment('colour', 'quick', { set: ['data.limit=5000'] });
    await lab.until('the other fails', async () => (await failures()).length === 2);
    const said = (await failures()).map((e) => (e.data as { error: string }).error);
    for (const [i, limit] of [1001, 5000].entries())
      expect(said[i]).toMatch(new RegExp(`^data\\.limit: ${limit} is more than the 1000 training examples of 'dots' `));
    const fits = await lab.runExperiment('colour', 'quick', { set: ['data.limit=1000'] });
    expect(await expanded(lab, fits)).toHaveLength(6);
    expect(await failures()).toHaveLength(2);
    expect((await typed(lab, 'run', 'run.queued')).length).toBeGreaterThan(0);
  });

  it('whose list of runs is too large for a message says it by reference, and a later trainer knows the runs', async ({
    lab,
  }) => {
    const first = lab.trainer();
    await first.start();
    const requestId = await lab.runExperiment('colour', 'wide');
    await asked(lab);
    await lab.ingest();
    const runIds = await expanded(lab, requestId);
    const topic = topicOf('experiment', 'events');
    const sizes: number[] = [];
    for (const { partition } of await lab.log.end([topic]))
      for (const r of (await lab.log.read({ topic, partition, from: 0, limit: 100 })).records)
        sizes.push(recordBytes(r));
    expect(Math.max(...sizes)).toBeLessThan(2000);
    await first.stop();
    await lab.trainer().start();
    await allEnded(lab, runIds);
    await lab.command('experiment.delete', 'exp', {
      experimentId: experimentIdOf('local', 'colour'),
      name: 'colour',
      idempotencyKey: null,
    });
    await lab.until('its runs are gone', async () => (await typed(lab, 'run', 'run.deleted')).length === 6);
  });

  it('that is small need not wait for a large one, and one of higher priority goes before both', async ({ lab }) => {
    const runner = lab.runner(1);
    let places = 0;
    const executor = { ...runner, capacity: async () => ({ slots: places, free: places }) };
    await lab.trainer({ executor, groupLimit: 1 }).start();
    const large = await lab.runExperiment('colour', 'quick', { seeds: 10 });
    await asked(lab);
    await lab.ingest();
    const many = await expanded(lab, large);
    const few = await lab.runExperiment('shape', 'two', { seeds: 3, freshNonce: 'small' });
    await asked(lab, 2);
    await lab.ingest();
    const small = await expanded(lab, few);
    const urgent = await expanded(
      lab,
      await lab.runExperiment('shape', 'quick', { seeds: 2, freshNonce: 'urgent', priority: 1 }),
    );
    places = 1;
    await allEnded(lab, [...many, ...small, ...urgent]);
    const order = runner.started.flatMap((e) => e.runs.map((r) => r.runId));
    const last = (ids: readonly string[]): number => Math.max(...ids.map((id) => order.indexOf(id)));
    expect(order).toHaveLength(20 + 6 + 4);
    expect(last(urgent)).toBe(urgent.length - 1);
    expect(last(small)).toBeLessThanOrEqual(urgent.length + 2 * small.length);
    expect(last(many)).toBe(order.length - 1);
  });

  it('that is all exact expands to no runs at once', async ({ lab }) => {
    await lab.trainer().start();
    expect(await expanded(lab, await lab.runExperiment('colour', 'exact'))).toEqual([]);
  });

  it('shares runs that succeeded and tries failed ones again', async ({ lab }) => {
    let bad = true;
    const { runIds, runner } = await underWay(lab, ({ attempt, runId }) =>
      bad && attempt === 1 && runId < 'run_8' ? 'fail' : 'succeed',
    );
    await allEnded(lab, runIds);
    bad = false;
    // From the heads: a terminal event may come a moment after its head.
    const heads = await Promise.all(runIds.map((id) => lab.head(id)));
    const failed = runIds.filter((_, i) => heads[i]!.state === 'FAILED');
    const before = runner.started.length;
    const again = await expanded(lab, await lab.runExperiment('shape', 'quick'));
    expect([...again].sort()).toEqual([...runIds].sort());
    await lab.until('all have succeeded', async () =>
      (await Promise.all(runIds.map((id) => lab.head(id)))).every((h) => h.state === 'SUCCEEDED'),
    );
    for (const id of runIds) expect((await lab.head(id)).attempt).toBe(failed.includes(id) ? 2 : 1);
    expect(failed.length).toBeGreaterThan(0);
    // Twice in executions is one that a free place took over before it was claimed.
    const startedAgain = new Set(runner.started.slice(before).flatMap((e) => e.runs.map((r) => r.runId)));
    expect([...startedAgain].sort()).toEqual(failed.sort());
  });

  it('deleted takes its own runs along and leaves shared ones', async ({ lab }) => {
    const { runIds } = await underWay(lab, () => 'succeed');
    await allEnded(lab, runIds);
    const shared = await expanded(lab, await lab.runExperiment('shape', 'quick', { seeds: 1 }));
    const experimentId = (await typed(lab, 'experiment', 'experiment.accepted'))[0]!.subject;
    await lab.command('experiment.delete', experimentId, { experimentId, name: 'colour', idempotencyKey: null });
    await lab.until('it is gone', async () => (await typed(lab, 'experiment', 'experiment.deleted')).length > 0);
    expect((await typed(lab, 'run', 'run.deleted')).map((e) => e.subject).sort()).toEqual(
      runIds.filter((id) => !shared.includes(id)).sort(),
    );
    for (const id of shared) expect((await lab.head(id)).state).toBe('SUCCEEDED');
  });
});

describe.concurrent('a trainer that comes back', () => {
  it('removes what a deleted experiment had left at work, and leaves what was asked for again', async ({ lab }) => {
    const first = lab.trainer({ executor: lab.runner(2, () => 'die'), leaseSeconds: 30 });
    await first.start();
    const requestId = await lab.runExperiment('colour', 'two');
    await asked(lab, 2);
    await lab.ingest();
    const runIds = await expanded(lab, requestId);
    await lab.until('both work', async () => (await typed(lab, 'run', 'run.started')).length === 2);
    const experimentId = (await typed(lab, 'experiment', 'experiment.accepted'))[0]!.subject;
    await lab.command('experiment.delete', experimentId, { experimentId, name: 'colour', idempotencyKey: null });
    const deleted = () => typed(lab, 'experiment', 'experiment.deleted');
    await lab.until('it is deleted', async () => (await deleted()).length === 1);
    const { removing } = (await deleted())[0]!.data as Whole<MessageData<'experiment.deleted'>>;
    expect(removing!.map((r) => r.runId).sort()).toEqual([...runIds].sort());
    await first.stop();
    expect(await typed(lab, 'run', 'run.deleted')).toEqual([]);

    const second = lab.trainer();
    await second.start();
    await lab.until('its runs are gone', async () => (await typed(lab, 'run', 'run.deleted')).length === 2);
    for (const runId of runIds)
      for await (const { key } of lab.store.list(objectKeys.runPrefix(runId))) expect(key).toBe('nothing');
    expect(await expanded(lab, await lab.runExperiment('colour', 'two'))).toEqual(runIds);
    await lab.until('they have succeeded', async () => (await typed(lab, 'run', 'run.succeeded')).length === 2);
    await second.stop();

    await lab.trainer().start();
    await allEnded(lab, await expanded(lab, await lab.runExperiment('shape', 'quick')));
    for (const runId of runIds) expect((await lab.head(runId)).state).toBe('SUCCEEDED');
    expect(await typed(lab, 'run', 'run.deleted')).toHaveLength(2);
  });

  it('after any stop goes on where the log and the heads are, and says nothing twice under two ids', async ({
    lab,
  }) => {
    const executors = [lab.runner(1), lab.runner(1), lab.runner(1), lab.runner(1)];
    const life = async (i: number, live: () => Promise<unknown>): Promise<void> => {
      const trainer = lab.trainer({ executor: executors[i]! });
      await trainer.start();
      await live();
      await trainer.stop();
      await executors[i]!.stop();
    };
    await life(0, async () => {
      await lab.runExperiment('colour', 'quick');
      await asked(lab);
    });
    await lab.ingest();
    await life(1, () => lab.until('runs exist', async () => (await lab.events('run')).length > 0));
    await life(2, () => lab.until('one has ended', async () => (await typed(lab, 'run', 'run.succeeded')).length > 0));
    await life(3, () =>
      lab.until('six have ended', async () => (await typed(lab, 'run', 'run.succeeded')).length === 6),
    );
    const runs = once(await lab.events('run'));
    for (const type of ['run.succeeded', 'run.queued']) {
      const subjects = runs
        .filter((e) => e.type === type && (e.data as { attempt: number }).attempt === 1)
        .map((e) => e.subject);
      expect(new Set(subjects).size).toBe(6);
    }
    expect(await typed(lab, 'experiment', 'experiment.expanded')).toHaveLength(1);
  });

  it('takes a command twice without doing it twice', async ({ lab }) => {
    const { runIds, requestId } = await underWay(lab, () => 'succeed');
    await allEnded(lab, runIds);
    const [request] = (await lab.events('experiment', 'commands')).filter((e) => e.type === 'experiment.run');
    await lab.command('experiment.run', request!.subject, request!.data as never, request!.id);
    const next = await expanded(lab, await lab.runExperiment('shape', 'exact'));
    expect(next).toEqual([]);
    expect((await lab.events('experiment')).filter((e) => e.id === `${requestId}:expanded`)).toHaveLength(1);
    for (const id of runIds) expect((await lab.head(id)).attempt).toBe(1);
  });

  it('says the end of runs that ended unheard', async ({ lab }) => {
    const { runIds } = await underWay(lab, () => 'mute');
    await allEnded(lab, runIds);
    expect(await typed(lab, 'run', 'run.succeeded')).toHaveLength(6);
  });
});

describe.concurrent('runs whose runners die', () => {
  it('are requeued after a lease of silence and end as the same attempt', async ({ lab }) => {
    const { runIds } = await underWay(lab, ({ term }) => (term === 0 ? 'die' : 'succeed'), 'two');
    await asked(lab);
    await allEnded(lab, runIds);
    for (const id of runIds) {
      const head = await lab.head(id);
      expect([head.state, head.attempt, head.term]).toEqual(['SUCCEEDED', 1, 2]);
    }
    const queued = (await typed(lab, 'run', 'run.queued')).filter((e) => e.subject === runIds[0]);
    expect(queued.map((e) => e.term)).toEqual([0, 1]);
  });

  it('or hang are ended when their lease has run out, so that their slot is free again', async ({ lab }) => {
    const { runIds } = await underWay(lab, ({ term }) => (term === 0 ? 'hang' : 'succeed'), 'two', 1);
    await asked(lab);
    await allEnded(lab, runIds);
    for (const id of runIds) {
      const head = await lab.head(id);
      expect([head.state, head.attempt, head.term]).toEqual(['SUCCEEDED', 1, 2]);
    }
  });

  it('every time are given up as INFRASTRUCTURE after five restarts', async ({ lab }) => {
    const { runIds } = await underWay(lab, () => 'die', 'two');
    await allEnded(lab, runIds);
    expect((await lab.head(runIds[0]!)).outcome?.failure).toEqual({
      kind: 'INFRASTRUCTURE',
      message: expect.stringContaining('5 automatic restarts'),
    });
  });

  it('before they could claim anything are given up too', async ({ lab }) => {
    const { runIds, runner } = await underWay(lab, () => 'no-start', 'two', 1);
    await allEnded(lab, runIds);
    expect(runner.started.length).toBeGreaterThan(5);
    const { outcome, term } = await lab.head(runIds[0]!);
    expect(term).toBe(0);
    expect(outcome?.failure?.message).toContain('the program is not there');
  });
});

describe.concurrent('a single run', () => {
  const spec = async (lab: Laboratory): Promise<{ runIds: string[] }> => underWay(lab, () => 'wait', 'two', 1);

  it('is cancelled at once while it waits, and by its owner while it runs', async ({ lab }) => {
    const { runIds } = await spec(lab);
    const states = async (): Promise<string[]> => Promise.all(runIds.map(async (id) => (await lab.head(id)).state));
    await lab.until('one runs', async () => (await states()).includes('RUNNING'));
    const running = runIds[(await states()).indexOf('RUNNING')]!;
    const waiting = runIds.find((id) => id !== running)!;
    for (const runId of [waiting, running]) await lab.command('run.cancel', runId, { runId, idempotencyKey: null });
    await allEnded(lab, runIds);
    expect(await states()).toEqual(['CANCELLED', 'CANCELLED']);
    expect((await typed(lab, 'run', 'run.cancelRequested')).map((e) => e.subject)).toEqual([running]);
    await lab.command('run.cancel', waiting, { runId: waiting, idempotencyKey: 'k' });
    const rejected = await lab.until('it is rejected', async () => (await typed(lab, 'run', 'run.rejected'))[0]);
    expect(rejected.data).toMatchObject({ runId: waiting, command: 'run.cancel', idempotencyKey: 'k' });
  });

  it('is retried as a new attempt when it failed, not when it succeeded, and deleted with all its objects', async ({
    lab,
  }) => {
    const { runIds } = await underWay(lab, ({ attempt }) => (attempt === 1 ? 'fail' : 'succeed'), 'two');
    await allEnded(lab, runIds);
    const runId = runIds[0]!;
    await lab.command('run.retry', runId, { runId, idempotencyKey: null }, 'retry-1');
    await lab.until('it succeeds', async () => (await lab.head(runId)).state === 'SUCCEEDED');
    expect((await lab.head(runId)).attempt).toBe(2);
    await lab.until('both ends are said', async () =>
      (await lab.events('run')).some((e) => e.id === `${runId}:terminal:2`),
    );
    await lab.command('run.retry', runId, { runId, idempotencyKey: null });
    await lab.until('a second retry is rejected', async () => (await typed(lab, 'run', 'run.rejected'))[0]);
    await lab.command('run.delete', runId, { runId, idempotencyKey: null });
    await lab.until('it is deleted', async () => (await typed(lab, 'run', 'run.deleted')).length === 1);
    const left: string[] = [];
    for await (const { key } of lab.store.list(objectKeys.runPrefix(runId))) left.push(key);
    expect(left).toEqual([]);
  });

  it('deleted and asked for again counts on, so that its events are new ones', async ({ lab }) => {
    const { runIds } = await underWay(lab, () => 'succeed', 'two');
    await allEnded(lab, runIds);
    const runId = runIds[0]!;
    await lab.command('run.delete', runId, { runId, idempotencyKey: null });
    await lab.until('it is deleted', async () => (await typed(lab, 'run', 'run.deleted')).length === 1);
    await expanded(lab, await lab.runExperiment('colour', 'two'));
    await lab.until('it has run again', async () =>
      (await lab.events('run')).some((e) => e.id === `${runId}:terminal:2`),
    );
    expect((await lab.head(runId)).term).toBe(2);
  });

  it('is made by a command, once however often it comes, and belongs to no experiment', async ({ lab }) => {
    await lab.trainer().start();
    const command = exampleRunCreate();
    const { runId } = command;
    for (let i = 0; i < 2; i++) await lab.command('run.create', runId, command, 'create-1');
    await allEnded(lab, [runId]);
    expect(await typed(lab, 'run', 'run.queued')).toHaveLength(1);
    expect((await lab.head(runId)).shareKey).toBe(runId);
    expect(
      JSON.parse(Buffer.from((await lab.store.get(objectKeys.runSpec(runId))).body).toString('utf8')),
    ).toMatchObject({ runId, datasetVersionId: command.datasetVersionId });
  });

  it('is answered as rejected when its command can be read but makes no sense', async ({ lab }) => {
    await lab.trainer().start();
    const runId = exampleRunCreate().runId;
    const headers = {
      ce_specversion: '1.0',
      ce_id: 'c1',
      ce_type: 'run.create',
      ce_source: 'gateway',
      ce_subject: runId,
      ce_time: new Date().toISOString(),
      ce_projectid: 'local',
    };
    await lab.log.append([
      {
        topic: topicOf('run', 'commands'),
        key: runId,
        headers,
        value: Buffer.from(JSON.stringify({ runId, idempotencyKey: 'k', spec: { epochs: -1 } })),
      },
    ]);
    const rejected = await lab.until('it is rejected', async () => (await typed(lab, 'run', 'run.rejected'))[0]);
    expect(rejected.data).toMatchObject({
      runId,
      command: 'run.create',
      idempotencyKey: 'k',
      because: expect.stringContaining('epochs'),
    });
    const [dead] = await lab.log.end([deadLetterTopic('trainer')]);
    expect(dead?.offset).toBe(1);
  });

  it('that nobody knows is rejected by every command', async ({ lab }) => {
    await lab.trainer().start();
    const runId = 'run_00000000-0000-8000-8000-000000000000';
    for (const type of ['run.cancel', 'run.retry', 'run.delete'] as const)
      await lab.command(type, runId, { runId, idempotencyKey: null });
    await lab.until('all are rejected', async () => (await typed(lab, 'run', 'run.rejected')).length === 3);
  });
});

describe.concurrent('two trainers', () => {
  it('dispatch by turns: only the holder of the lease starts executions, and the other follows when it leaves', async ({
    lab,
  }) => {
    const [a, b] = [lab.runner(1), lab.runner(1)];
    const [first, second] = [lab.trainer({ executor: a }), lab.trainer({ executor: b })];
    await first.start();
    await lab.until('the first holds the lease', async () => lab.store.stat(objectKeys.lease('dispatcher')));
    await second.start();
    const requestId = await lab.runExperiment('colour', 'two');
    await asked(lab);
    await lab.ingest();
    await allEnded(lab, await expanded(lab, requestId));
    expect([a.started.length > 0, b.started.length]).toEqual([true, 0]);
    await first.stop();
    const runIds = await expanded(lab, await lab.runExperiment('colour', 'quick'));
    await lab.until('the second dispatches', async () =>
      (await Promise.all(runIds.map((id) => lab.head(id)))).every((h) => isTerminal(h.state)),
    );
    expect(b.started.length).toBeGreaterThan(0);
  });
});
