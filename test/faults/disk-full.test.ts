import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { smallDisk } from '@minvar/service-kit/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { graphql, minvar, startLaboratory, temporaryHome, until } from '../e2e/support';
import { images, labels, writeCopy } from './idx-files';

interface Document {
  runs: { id: string; state: string; metrics: unknown[] }[];
  comparisons: unknown[];
  verdicts: unknown[];
}
interface RunState {
  id: string;
  state: string;
  progress: number;
  failure: { message: string } | null;
}

const MB = 1024 * 1024;
const data = mkdtempSync(join(tmpdir(), 'minvar-digits-'));
const env = { MINVAR_DATA_DIR: join(data, 'mnist'), MINVAR_LEASE_SECONDS: '5', MINVAR_SLOTS: '2' };
const command = (epochs: number): string[] => [
  ...['experiment', 'run', 'spurious-colour', '--preset', 'ci', '--seeds', '1'],
  ...['--set', `epochs=${epochs}`, '--json'],
];
/** Long enough to be met in the middle of its runs, and as short as that allows. */
const epochs = [30, 31] as const;
const results = (text: string): Document => {
  const { runs, comparisons, verdicts } = JSON.parse(text) as Document;
  return { runs: [...runs].sort((a, b) => (a.id < b.id ? -1 : 1)), comparisons, verdicts };
};

const start = `mutation ($input: RunExperimentInput!) {
  runExperiment(input: $input) { __typename ... on RunExperimentPayload { preset } ... on Error { message } }
}`;
const run = (url: string, n: number) =>
  graphql<{ runExperiment: { __typename: string; message?: string } } | null>(url, start, {
    input: {
      ...{ name: 'spurious-colour', preset: 'ci', seeds: 1, set: [`epochs=${n}`] },
      idempotencyKey: `epochs-${n}`,
    },
  });
async function states(url: string): Promise<RunState[]> {
  const query = '{ runs(first: 50) { edges { node { id state progress failure { message } } } } }';
  const { data: d } = await graphql<{ runs: { edges: { node: RunState }[] } }>(url, query);
  return d.runs.edges.map((e) => e.node);
}
const readiness = async (url: string): Promise<{ ready: boolean; because: string[] }> =>
  (await fetch(`${url}/readyz`)).json() as Promise<{ ready: boolean; because: string[] }>;
const underway = (r: RunState): boolean => r.state === 'RUNNING' && r.progress > 0.1 && r.progress < 0.9;
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const linesOf = (text: string): string[] => text.split('\n').filter((l) => l !== '');

describe('a laboratory on a full disk', () => {
  const undisturbed = temporaryHome();
  beforeAll(() =>
    writeCopy(env.MINVAR_DATA_DIR, {
      'train-images-idx3-ubyte': images(700),
      'train-labels-idx1-ubyte': labels(700),
    }),
  );
  afterAll(() => {
    undisturbed.dispose();
    rmSync(data, { recursive: true });
  });

  it('is refused with one line and exit code 1 when the disk is full before the start', async (context) => {
    const disk = await smallDisk(8);
    if ('because' in disk) return context.skip(disk.because);
    try {
      for (const [leave, args] of [
        [0, ['up', '--port', '0']],
        [64 * 1024, command(1)],
      ] as const) {
        disk.free();
        disk.fill(leave);
        const home = join(disk.dir, 'home');
        const { status, stdout, stderr } = await minvar(home, args, env);
        expect([status, stdout]).toEqual([1, '']);
        expect(stderr).toBe(
          `minvar: no space left in ${home}: nothing was started; free some, or choose another home with --home\n`,
        );
      }
    } finally {
      await disk.remove();
    }
  });

  it('keeps what it accepted, refuses the rest, and goes on by itself to the results of one left alone', async (context) => {
    const disk = await smallDisk(160);
    if ('because' in disk) return context.skip(disk.because);
    const home = join(disk.dir, 'home');
    let lab = await startLaboratory(home, env);
    try {
      const accepted: string[] = [];
      expect((await run(lab.url, epochs[0])).data?.runExperiment.__typename).toBe('RunExperimentPayload');
      await until('a run in the middle of its training', async () => (await states(lab.url)).some(underway));
      accepted.push(...(await states(lab.url)).map((r) => r.id));
      expect(accepted).toHaveLength(3);

      // Full while runs go on: first a little is left, which they use up, then nothing.
      disk.fill(3 * MB);
      await pause(1500);
      disk.fill();
      await until('the laboratory to find out', async () => !(await readiness(lab.url)).ready);
      expect((await readiness(lab.url)).because.join()).toContain(`no space left in ${home}`);
      const refused = await run(lab.url, epochs[1]);
      expect(refused.data).toBeNull();
      expect(refused.errors?.[0]?.extensions?.code).toBe('STORAGE_FULL');
      expect(refused.errors?.[0]?.message).toMatch(new RegExp(`nothing was accepted: no space left in ${home}`));
      const asked = await minvar(home, command(epochs[1]), env);
      expect(asked.status, asked.stderr).toBe(1);
      expect(linesOf(asked.stderr)).toEqual([expect.stringContaining(`no space left in ${home}`)]);
      await pause(8000);
      disk.fill();
      expect(disk.bytesFree()).toBeLessThan(MB);
      // It lives, says so in one line, and no run has failed.
      expect(lab.running.child.exitCode).toBeNull();
      expect(linesOf(lab.running.stderr()).filter((l) => !/building|built/.test(l))).toEqual([
        `minvar: no space left in ${home}: runs wait and nothing new is accepted; free some, and all goes on by itself`,
      ]);
      expect((await states(lab.url)).map((r) => r.failure)).toEqual([null, null, null]);

      disk.free();
      // The same process goes on: what was refused is accepted now, and everything succeeds.
      expect((await run(lab.url, epochs[1])).data?.runExperiment.__typename).toBe('RunExperimentPayload');
      await until('a later run in the middle of its training', async () =>
        (await states(lab.url)).some((r) => underway(r) && !accepted.includes(r.id)),
      );
      accepted.push(...(await states(lab.url)).map((r) => r.id).filter((id) => !accepted.includes(id)));
      expect(accepted).toHaveLength(6);
      const log = linesOf(readFileSync(join(home, 'laboratory.log'), 'utf8')).map(
        (l) => JSON.parse(l) as { msg: string },
      );
      expect(log.length).toBeLessThan(100);
      expect(log.filter((l) => /no space left/i.test(l.msg)).length).toBeLessThan(10);

      // Full again, and killed: it does not start until there is room, then it does.
      disk.fill();
      await pause(1000);
      lab.running.child.kill('SIGKILL');
      await lab.running.done;
      const again = await minvar(home, ['up', '--port', '0'], env);
      expect([again.status, linesOf(again.stderr)]).toEqual([1, [expect.stringContaining(`no space left in ${home}`)]]);
      disk.free();
      lab = await startLaboratory(home, env);
      for (const n of epochs) {
        const [left, disturbed] = await Promise.all([
          minvar(undisturbed.home, command(n), env),
          minvar(home, command(n), env),
        ]);
        expect([left.status, disturbed.status], left.stderr + disturbed.stderr).toEqual([0, 0]);
        expect(results(disturbed.stdout).runs.map((r) => r.state)).toEqual(Array(3).fill('SUCCEEDED'));
        expect(results(disturbed.stdout)).toEqual(results(left.stdout));
      }
      const rebuilt = JSON.parse((await minvar(home, ['read-model', 'rebuild', '--json'], env)).stdout) as {
        before: string;
        after: string;
      };
      expect(rebuilt.after).toBe(rebuilt.before);
      expect(new Map((await states(lab.url)).map((r) => [r.id, r.state]))).toEqual(
        new Map(accepted.map((id) => [id, 'SUCCEEDED'])),
      );
      const ofRuns = (): string[] => readdirSync(join(home, 'scratch')).filter((f) => f.startsWith('exe'));
      await until('no run to have files', () => ofRuns().length === 0);
      expect((await lab.stop()).status).toBe(130);
      // Nothing half is left behind.
      expect(readdirSync(join(home, 'read-model')).filter((f) => f.endsWith('.part'))).toEqual([]);
      expect(existsSync(join(home, 'lab.json'))).toBe(false);
    } finally {
      disk.free();
      lab.running.child.kill('SIGKILL');
      await lab.running.done;
      await disk.remove();
    }
  });
});
