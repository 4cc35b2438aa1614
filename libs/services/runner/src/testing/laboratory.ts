import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnyEnvelope, MetricPoint, RunHead, RunRecord, RunResult, RunSpecInput } from '@minvar/contracts';
import {
  decodeMetricChunk,
  derivedId,
  isTerminal,
  objectKeys,
  runHead,
  runIdOf,
  runResult,
  runSpecHash,
  runSpecSchema,
  topicOf,
} from '@minvar/contracts';
import { queuedHead } from '@minvar/coordination';
import type { EventLog, ObjectStore } from '@minvar/service-kit';
import { createFolderStore, createLmdbEventLog, decodeEvent, readThrough } from '@minvar/service-kit';
import { storeDataset } from './stored-dataset';
import type { SupervisorArguments } from './supervisor';

/** A log, a store and supervisors as processes: what the supervisor meets in life, in a folder that goes away. */
export interface Laboratory {
  readonly home: string;
  readonly log: EventLog;
  readonly store: ObjectStore;
  /** Puts a run into the queue; what else it is does not matter to the scripted child. */
  readonly queueRun: (run: { seed: number; epochs: number } & Partial<RunSpecInput>) => Promise<string>;
  readonly supervise: (
    runIds: readonly string[],
    options?: Partial<
      Pick<
        SupervisorArguments,
        | 'script'
        | 'doom'
        | 'checkpointSeconds'
        | 'fault'
        | 'unfenced'
        | 'leaseSeconds'
        | 'hangSeconds'
        | 'graceSeconds'
        | 'roomSeconds'
      >
    >,
  ) => Supervisor;
  readonly head: (runId: string) => Promise<RunHead>;
  readonly result: (runId: string) => Promise<RunResult>;
  /** the whole series of a succeeded run, in order */
  readonly series: (runId: string) => Promise<MetricPoint[]>;
  readonly events: (channel?: 'events' | 'metrics' | 'logs') => Promise<AnyEnvelope[]>;
  /** What is wrong between log, head and objects of a run that has ended; empty when every promise is kept. */
  readonly broken: (runId: string) => Promise<string[]>;
  readonly close: () => Promise<void>;
}

export interface Supervisor {
  readonly pid: number;
  readonly exit: Promise<{ code: number | null; signal: string | null; said: string }>;
  readonly kill: (signal: NodeJS.Signals) => void;
}

const projectId = 'local';
const sha256 = (b: Uint8Array): string => createHash('sha256').update(b).digest('hex');

export async function createLaboratory(
  programs: { supervisor: string; child: string },
  storeData: (store: ObjectStore, projectId: string) => Promise<string> = storeDataset,
): Promise<Laboratory> {
  const home = await mkdtemp(join(tmpdir(), 'minvar-runner-'));
  const log = await createLmdbEventLog({ dir: join(home, 'log') });
  const store = await createFolderStore({ dir: join(home, 'store') });
  const versionId = await storeData(store, projectId);
  const children = new Set<ReturnType<typeof spawn>>();

  const head = async (runId: string): Promise<RunHead> =>
    runHead.parse(JSON.parse(Buffer.from((await store.get(objectKeys.runHead(runId))).body).toString('utf8')));
  const result = async (runId: string): Promise<RunResult> => {
    const { outcome } = await head(runId);
    return runResult.parse(JSON.parse(Buffer.from((await store.get(outcome!.resultKey!)).body).toString('utf8')));
  };

  async function events(channel: 'events' | 'metrics' | 'logs' = 'events'): Promise<AnyEnvelope[]> {
    const topic = topicOf('run', channel);
    const found: AnyEnvelope[] = [];
    for (const { partition, offset: to } of await log.end([topic]))
      for await (const records of readThrough(log, { topic, partition, from: 0, to }))
        found.push(...records.map(decodeEvent));
    return found;
  }

  const series = async (runId: string): Promise<MetricPoint[]> => {
    const points: MetricPoint[] = [];
    for (const { key } of (await result(runId)).chunks)
      points.push(...decodeMetricChunk((await store.get(key)).body, key));
    return points;
  };

  return {
    home,
    log,
    store,
    head,
    result,
    series,
    events,
    queueRun: async (run) => {
      const spec = runSpecSchema.parse({
        data: { name: 'digits', version: 'v' },
        model: { name: 'm' },
        method: { name: 'erm' },
        ...run,
      });
      const specHash = runSpecHash(spec);
      const runId = runIdOf(projectId, specHash, null);
      const record: RunRecord = { v: 1, projectId, runId, spec, specHash, datasetVersionId: versionId };
      await store.put(objectKeys.runSpec(runId), Buffer.from(JSON.stringify(record)));
      const fresh = queuedHead(
        { projectId, runId, specHash, priority: 0, shareKey: runId },
        { at: new Date().toISOString(), nonce: `${runId}-0` },
      );
      await store.swap(objectKeys.runHead(runId), Buffer.from(JSON.stringify(fresh)), { expected: null });
      return runId;
    },
    supervise: (runIds, options = {}) => {
      const args: SupervisorArguments = {
        home,
        childPath: programs.child,
        leaseSeconds: 0.6,
        script: { stepsPerEpoch: 5, stepMs: 5 },
        execution: {
          executionId: derivedId('execution', runIds, Math.random()),
          projectId,
          attempt: 1,
          runs: runIds.map((runId) => ({ runId })),
        },
        ...options,
      };
      const process_ = spawn(process.execPath, [programs.supervisor, JSON.stringify(args)], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      children.add(process_);
      let said = '';
      process_.stderr!.setEncoding('utf8').on('data', (text: string) => (said += text));
      const exit = new Promise<{ code: number | null; signal: string | null; said: string }>((resolve) =>
        process_.once('close', (code, signal) => {
          children.delete(process_);
          resolve({ code, signal, said });
        }),
      );
      return { pid: process_.pid!, exit, kill: (signal) => void process_.kill(signal) };
    },
    broken: async (runId) => {
      const wrong: string[] = [];
      const now = await head(runId);
      if (!isTerminal(now.state)) wrong.push(`the head is ${now.state}`);
      const mine = (await events()).filter((e) => e.subject === runId);
      const terminal = mine.filter((e) => e.id === `${runId}:terminal:${now.attempt}`);
      if (terminal.length === 0) wrong.push('no terminal event');
      if (new Set(terminal.map((e) => JSON.stringify([e.type, e.data]))).size > 1)
        wrong.push('terminal events disagree');
      if (terminal.some((e) => e.type !== `run.${now.state.toLowerCase()}`))
        wrong.push('the terminal event is not what the head says');
      const claims = mine.filter((e) => e.type === 'run.claimed').map((e) => e.term ?? 0);
      if (claims.some((t) => t > now.term))
        wrong.push(`somebody claimed term ${Math.max(...claims)}, the head is in term ${now.term}`);
      if (new Set(mine.map((e) => `${e.id} ${JSON.stringify(e.data)}`)).size !== new Set(mine.map((e) => e.id)).size)
        wrong.push('one id stands for two events');
      for (const pointer of [now.checkpoint, now.previousCheckpoint]) {
        if (!pointer) continue;
        const manifest = await store.get(`${pointer.prefix}manifest.json`).catch(() => null);
        if (!manifest || sha256(manifest.body) !== pointer.manifestSha256)
          wrong.push(`checkpoint ${pointer.prefix} is not whole`);
      }
      if (now.state !== 'SUCCEEDED') return wrong;
      const done = await result(runId);
      if (!now.outcome!.resultKey!.endsWith(`/${now.term}.json`))
        wrong.push('the result is of another term than the head');
      for (const file of [done.weights, ...done.outputs.flatMap((o) => Object.values(o.arrays))]) {
        if (sha256((await store.get(file.key)).body) !== file.sha256) wrong.push(`${file.key} does not have its hash`);
      }
      for (const chunk of done.chunks) {
        if (sha256((await store.get(chunk.key)).body) !== chunk.sha256)
          wrong.push(`${chunk.key} does not have its hash`);
      }
      const steps = (await series(runId)).map((p) => p.step).filter((step, i, all) => step !== all[i - 1]);
      if (steps.some((s, i) => s !== i + 1)) wrong.push(`the series has the epochs ${steps.join(', ')}`);
      return wrong;
    },
    close: async () => {
      for (const child of children) child.kill('SIGKILL');
      await log.close();
      await store.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}
