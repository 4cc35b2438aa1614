import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test as base, vi } from 'vitest';
import { exitCodes, objectKeys } from '@minvar/contracts';
import { requestCancel, retry } from '@minvar/coordination';
import { bundlePrograms } from './testing/bundle';
import { faultPoints } from './testing/faults';
import type { Laboratory, Supervisor } from './testing/laboratory';
import { createLaboratory } from './testing/laboratory';

const built = await bundlePrograms(
  ['supervisor', 'scripted-child'].map((name) => join(import.meta.dirname, `testing/${name}.ts`)),
);
const programs = { supervisor: built.paths[0]!, child: built.paths[1]! };
afterAll(() => built.remove());

vi.setConfig({ testTimeout: 60_000 });

/** Every test has a laboratory of its own, so that they can wait for leases side by side. */
const it = base.extend<{ lab: Laboratory }>({
  lab: async ({}, use) => {
    const lab = await createLaboratory(programs);
    await use(lab);
    await lab.close();
  },
});

const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
  for (const end = Date.now() + 50_000; Date.now() < end;) {
    if (await holds().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited in vain until ${what}`);
};
const ended = async (s: Supervisor): Promise<number | string | null> => {
  const { code, signal } = await s.exit;
  return signal ?? code;
};
const run = (lab: Laboratory): Promise<string> => lab.queueRun({ seed: 1, epochs: 4 });
/** What that run leaves behind when nothing happens to it. */
const whole = await (async () => {
  const lab = await createLaboratory(programs);
  const runId = await run(lab);
  await lab.supervise([runId]).exit;
  const { weights } = await lab.result(runId);
  const series = await lab.series(runId);
  await lab.close();
  return { weights: weights.sha256, series };
})();

describe.concurrent('an execution left alone', () => {
  it('takes its runs in turn through one child, from queued to succeeded', async ({ lab }) => {
    const runIds = [await lab.queueRun({ seed: 1, epochs: 3 }), await lab.queueRun({ seed: 2, epochs: 2 })];
    expect(await ended(lab.supervise(runIds))).toBe(0);
    for (const runId of runIds) {
      expect(await lab.broken(runId)).toEqual([]);
      const types = (await lab.events()).filter((e) => e.subject === runId).map((e) => e.type);
      expect(types.filter((t) => t !== 'run.checkpointed')).toEqual(['run.claimed', 'run.started', 'run.succeeded']);
    }
    const points = (await lab.events('metrics')).filter((e) => e.type === 'run.metricPoints');
    expect(points.length).toBeGreaterThan(0);
    expect((await lab.events('logs')).length).toBeGreaterThan(0);
    const log = Buffer.from((await lab.store.get(objectKeys.runLog(runIds[0]!))).body).toString('utf8');
    expect(log).toMatch(/info started/);
  });

  it('keeps the last two checkpoints and a dataset of hard links, and leaves no scratch behind', async ({ lab }) => {
    const runId = await lab.queueRun({ seed: 1, epochs: 5 });
    await ended(lab.supervise([runId]));
    const kept = new Set<string>();
    for await (const { key } of lab.store.list(`${objectKeys.runPrefix(runId)}checkpoints/`))
      kept.add(key.split('/')[3]!);
    const { checkpoint, previousCheckpoint } = await lab.head(runId);
    const named = [checkpoint, previousCheckpoint].flatMap((c) => (c ? `${c.term}-${c.step}` : []));
    expect(named).toContain('1-20');
    expect([...kept].sort()).toEqual(named.sort());
    const manifest = (await lab.result(runId)).datasetVersionId;
    expect(statSync(join(lab.home, 'cache/datasets', manifest, 'data/train-inputs.npy')).nlink).toBe(2);
    expect(readdirSync(join(lab.home, 'scratch'))).toEqual([]);
  });

  it('leaves its series as Parquet too', async ({ lab }) => {
    const { parquetReadObjects } = await import('hyparquet');
    const runId = await lab.queueRun({ seed: 1, epochs: 3 });
    await ended(lab.supervise([runId]));
    const { body } = await lab.store.get(`${objectKeys.runPrefix(runId)}metrics.parquet`);
    const rows = await parquetReadObjects({ file: new Uint8Array(body).buffer });
    expect(rows.map((r) => [r.metric, r.epoch])).toEqual([
      ['loss', 1],
      ['loss', 2],
      ['loss', 3],
    ]);
  });
});

describe.concurrent('a supervisor killed with SIGKILL', () => {
  it.for(faultPoints)('%s loses nothing: the next one ends the run with the same bits', async (point, { lab }) => {
    const runId = await run(lab);
    expect(await ended(lab.supervise([runId], { fault: { point, signal: 'SIGKILL', nth: 1 } }))).toBe('SIGKILL');
    expect(await ended(lab.supervise([runId]))).toBe(0);
    expect(await lab.broken(runId)).toEqual([]);
    expect((await lab.result(runId)).weights.sha256).toBe(whole.weights);
    expect(await lab.series(runId)).toEqual(whole.series);
  });

  it('three times in a row still arrives', async ({ lab }) => {
    const runId = await run(lab);
    for (const point of ['after-publish', 'after-running', 'after-claim'] as const) {
      expect(await ended(lab.supervise([runId], { fault: { point, signal: 'SIGKILL', nth: 1 } }))).toBe('SIGKILL');
    }
    expect(await ended(lab.supervise([runId]))).toBe(0);
    expect((await lab.head(runId)).term).toBe(4);
    expect(await lab.broken(runId)).toEqual([]);
    expect((await lab.result(runId)).weights.sha256).toBe(whole.weights);
  });
});

describe.concurrent('a supervisor stopped past its lease', () => {
  /** The first is stopped with SIGSTOP just before it publishes; another takes over and ends the run; the first wakes. */
  async function zombie(
    lab: Laboratory,
    unfenced: boolean,
  ): Promise<{ runId: string; broken: string[]; code: number | string | null }> {
    const runId = await run(lab);
    const first = lab.supervise([runId], { unfenced, fault: { point: 'before-publish', signal: 'SIGSTOP', nth: 1 } });
    await until('the first one is stopped', async () =>
      /\bT\b/.test(
        readFileSync(`/proc/${first.pid}/stat`, 'utf8')
          .replace(/\(.*\)/, '')
          .split(' ')
          .slice(1, 3)
          .join(' '),
      ),
    );
    expect(await ended(lab.supervise([runId]))).toBe(0);
    first.kill('SIGCONT');
    const code = await ended(first);
    return { runId, broken: await lab.broken(runId), code };
  }

  it('finds every swap refused when it wakes, and there is one result', async ({ lab }) => {
    const { broken, code, runId } = await zombie(lab, false);
    expect(code).toBe(exitCodes.lostOwnership.code);
    expect(broken).toEqual([]);
    expect((await lab.head(runId)).term).toBe(2);
  });

  it('breaks the promises once the fence is taken out (so this suite can see it)', async ({ lab }) => {
    const { broken } = await zombie(lab, true);
    expect(broken).not.toEqual([]);
  });
});

describe.concurrent('a supervisor told to stop with SIGTERM', () => {
  it('checkpoints, puts the run back with the same attempt, and the next one lands on the same bits', async ({
    lab,
  }) => {
    const runId = await run(lab);
    const first = lab.supervise([runId], { script: { stepsPerEpoch: 5, stepMs: 150 } });
    await until('it is past its first checkpoint', async () => ((await lab.head(runId)).checkpoint?.step ?? 0) >= 5);
    first.kill('SIGTERM');
    expect(await ended(first)).toBe(exitCodes.interrupted.code);
    const between = await lab.head(runId);
    expect([between.state, between.attempt, between.owner, between.restarts]).toEqual(['QUEUED', 1, null, 0]);
    expect(await ended(lab.supervise([runId]))).toBe(0);
    expect(await lab.broken(runId)).toEqual([]);
    expect((await lab.result(runId)).weights.sha256).toBe(whole.weights);
  });

  it('leaves after the grace time even when the child does not answer', async ({ lab }) => {
    const runId = await run(lab);
    const first = lab.supervise([runId], {
      script: { stepsPerEpoch: 5, stepMs: 5, at: 7, act: 'hang' },
      graceSeconds: 0.5,
    });
    await until('it hangs', async () => ((await lab.head(runId)).checkpoint?.step ?? 0) === 5);
    first.kill('SIGTERM');
    expect(await ended(first)).toBe(exitCodes.interrupted.code);
    expect((await lab.head(runId)).state).toBe('QUEUED');
  });
});

describe.concurrent('a child that', () => {
  it('dies in mid-epoch is told from a failure: the run goes back and resumes', async ({ lab }) => {
    const runId = await run(lab);
    expect(
      (await lab.supervise([runId], { script: { stepsPerEpoch: 5, stepMs: 5, at: 8, act: 'kill' } }).exit).code,
    ).toBe(exitCodes.infrastructure.code);
    expect((await lab.head(runId)).restarts).toBe(1);
    expect(await ended(lab.supervise([runId]))).toBe(0);
    expect((await lab.result(runId)).weights.sha256).toBe(whole.weights);
    expect(await lab.broken(runId)).toEqual([]);
  });

  it('dies at the same step every time is given up as INFRASTRUCTURE', async ({ lab }) => {
    const runId = await run(lab);
    for (let i = 0; i < 6; i++)
      await lab.supervise([runId], { script: { stepsPerEpoch: 5, stepMs: 0, at: 3, act: 'kill' } }).exit;
    expect((await lab.head(runId)).outcome?.failure).toEqual({
      kind: 'INFRASTRUCTURE',
      message: expect.stringMatching(/SIGKILL.*5 automatic restarts/),
    });
    expect(await lab.broken(runId)).toEqual([]);
  });

  it('finds the disk full, however often, puts the run back uncounted, and the run ends when there is room', async ({
    lab,
  }) => {
    const runId = await run(lab);
    for (let i = 0; i < 6; i++) {
      const full = { stepsPerEpoch: 5, stepMs: 0, at: 3, act: 'full' as const };
      const { code } = await lab.supervise([runId], { script: full, roomSeconds: 0.05 }).exit;
      expect(code).toBe(exitCodes.infrastructure.code);
    }
    const between = await lab.head(runId);
    expect([between.state, between.restarts, between.term]).toEqual(['QUEUED', 0, 6]);
    expect(await ended(lab.supervise([runId]))).toBe(0);
    expect((await lab.result(runId)).weights.sha256).toBe(whole.weights);
    expect(await lab.broken(runId)).toEqual([]);
    const log = Buffer.from((await lab.store.get(objectKeys.runLog(runId))).body).toString('utf8');
    expect(log).toContain('no space left on device, write; the run waits for room');
  });

  it('says NON_FINITE ends the run as failed, at once', async ({ lab }) => {
    const runId = await run(lab);
    expect(
      (await lab.supervise([runId], { script: { stepsPerEpoch: 5, stepMs: 0, at: 7, act: 'fail' } }).exit).code,
    ).toBe(exitCodes.nonFinite.code);
    expect((await lab.head(runId)).outcome?.failure?.message).toContain('step 7');
    expect(await lab.broken(runId)).toEqual([]);
  });

  it('exits with a code of the table is classified by it', async ({ lab }) => {
    const runId = await run(lab);
    expect(
      (
        await lab.supervise([runId], {
          script: { stepsPerEpoch: 5, stepMs: 0, at: 2, act: 'exit', code: exitCodes.outOfMemory.code },
        }).exit
      ).code,
    ).toBe(exitCodes.outOfMemory.code);
    expect((await lab.head(runId)).outcome?.failure?.kind).toBe('OUT_OF_MEMORY');
  });

  it('hangs is killed and the run put back as HUNG', async ({ lab }) => {
    const runId = await run(lab);
    const first = await lab.supervise([runId], {
      hangSeconds: 0.4,
      script: { stepsPerEpoch: 5, stepMs: 1, at: 7, act: 'hang' },
    }).exit;
    expect(first.code).toBe(exitCodes.infrastructure.code);
    expect((await lab.head(runId)).restarts).toBe(1);
    const log = Buffer.from((await lab.store.get(objectKeys.runLog(runId))).body).toString('utf8');
    expect(log).toContain('no step for');
    expect(await ended(lab.supervise([runId]))).toBe(0);
  });

  it('talks nonsense is killed, and what was published before stays', async ({ lab }) => {
    const runId = await run(lab);
    const first = await lab.supervise([runId], { script: { stepsPerEpoch: 5, stepMs: 1, at: 7, act: 'garble' } }).exit;
    expect(first.code).toBe(exitCodes.infrastructure.code);
    expect((await lab.head(runId)).checkpoint?.step).toBe(5);
  });

  it('dies while writing a checkpoint leaves the one before in place', async ({ lab }) => {
    const runId = await run(lab);
    await lab.supervise([runId], { script: { stepsPerEpoch: 5, stepMs: 1, at: 8, act: 'partial-checkpoint' } }).exit;
    expect((await lab.head(runId)).checkpoint?.step).toBe(5);
    expect(await ended(lab.supervise([runId]))).toBe(0);
    expect(await lab.broken(runId)).toEqual([]);
  });
});

describe.concurrent('a torn checkpoint', () => {
  /** Two owners died, each just after its first checkpoint: the head points at both. */
  async function interrupted(lab: Laboratory): Promise<string> {
    const runId = await run(lab);
    for (const at of [8, 13])
      await lab.supervise([runId], { script: { stepsPerEpoch: 5, stepMs: 5, at, act: 'kill' } }).exit;
    return runId;
  }
  const tear = async (lab: Laboratory, prefix: string, name: string): Promise<void> => {
    const { body } = await lab.store.get(`${prefix}${name}`);
    const bytes = Buffer.from(body);
    bytes[3]! ^= 1;
    await lab.store.put(`${prefix}${name}`, bytes);
  };

  it.for(['model.safetensors', 'optimizer.safetensors', 'manifest.json'])(
    'with one bit of %s flipped is found by its hash, and the one before is used',
    async (name, { lab }) => {
      const runId = await interrupted(lab);
      const before = await lab.head(runId);
      await tear(lab, before.checkpoint!.prefix, name);
      expect(await ended(lab.supervise([runId]))).toBe(0);
      const started = (await lab.events()).filter((e) => e.type === 'run.started').at(-1);
      expect(started?.data).toMatchObject({ resumedFromStep: before.previousCheckpoint!.step });
      const log = Buffer.from((await lab.store.get(objectKeys.runLog(runId))).body).toString('utf8');
      expect(log).toContain(`warn checkpoint ${before.checkpoint!.prefix} is torn (`);
      expect((await lab.result(runId)).weights.sha256).toBe(whole.weights);
      expect(await lab.broken(runId)).toEqual([]);
    },
  );

  it('whose predecessor is torn too makes the run start from the beginning', async ({ lab }) => {
    const runId = await interrupted(lab);
    const { checkpoint, previousCheckpoint } = await lab.head(runId);
    await tear(lab, checkpoint!.prefix, 'model.safetensors');
    await tear(lab, previousCheckpoint!.prefix, 'model.safetensors');
    expect(await ended(lab.supervise([runId]))).toBe(0);
    expect((await lab.result(runId)).weights.sha256).toBe(whole.weights);
    expect(await lab.broken(runId)).toEqual([]);
  });
});

describe.concurrent('a run that', () => {
  const change = async (lab: Laboratory, runId: string, transition: typeof requestCancel): Promise<void> => {
    for (;;) {
      const { body, etag } = await lab.store.get(objectKeys.runHead(runId));
      const to = transition(JSON.parse(Buffer.from(body).toString('utf8')) as never, {
        at: new Date().toISOString(),
        nonce: `${Math.random()}`,
      });
      if (!to.ok) throw new Error(to.because);
      const done = await lab.store
        .swap(objectKeys.runHead(runId), Buffer.from(JSON.stringify(to.value)), { expected: etag })
        .catch(() => null);
      if (done) return;
    }
  };

  it('is cancelled while it works ends as cancelled, and the next run of the execution goes on in the same child', async ({
    lab,
  }) => {
    const [runId, next] = [await run(lab), await lab.queueRun({ seed: 2, epochs: 1 })];
    const s = lab.supervise([runId, next], { script: { stepsPerEpoch: 5, stepMs: 150 } });
    await until('it works', async () => (await lab.head(runId)).state === 'RUNNING');
    await change(lab, runId, requestCancel);
    expect(await ended(s)).toBe(0);
    expect((await lab.head(runId)).state).toBe('CANCELLED');
    expect((await lab.head(next)).state).toBe('SUCCEEDED');
    expect(await lab.broken(runId)).toEqual([]);
    await change(lab, runId, retry);
    expect(await ended(lab.supervise([runId]))).toBe(0);
    expect((await lab.head(runId)).attempt).toBe(2);
    expect(await lab.broken(runId)).toEqual([]);
  });

  it('somebody else works on is left to its owner', async ({ lab }) => {
    const runId = await run(lab);
    const first = lab.supervise([runId], { script: { stepsPerEpoch: 5, stepMs: 5, at: 7, act: 'hang' } });
    await until('it works', async () => (await lab.head(runId)).state === 'RUNNING');
    expect((await lab.supervise([runId]).exit).code).toBe(exitCodes.lostOwnership.code);
    first.kill('SIGKILL');
    expect(await ended(first)).toBe('SIGKILL');
    expect((await lab.head(runId)).term).toBe(1);
  });

  it('has data that is not what its manifest says fails as BAD_DATA', async ({ lab }) => {
    const runId = await run(lab);
    for await (const { key } of lab.store.list('datasets/'))
      if (key.endsWith('train-inputs.npy')) await lab.store.put(key, Buffer.from('0123456x'));
    expect((await lab.supervise([runId]).exit).code).toBe(exitCodes.badData.code);
    expect((await lab.head(runId)).outcome?.failure?.message).toContain('train-inputs.npy');
    expect(await lab.broken(runId)).toEqual([]);
  });
});
