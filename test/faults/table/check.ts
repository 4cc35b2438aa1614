import type { AnyEnvelope, RunHead, RunResult } from '@minvar/contracts';
import {
  checkpointManifest,
  datasetManifest,
  decodeMetricChunk,
  objectKeys,
  runResult,
  sha256Hex,
  topicOf,
} from '@minvar/contracts';
import { decodeEvent, readThrough } from '@minvar/service-kit';
import { minvar } from '../../e2e/support';
import type { System } from './system';
import type { Promised, Told } from './workload';
import { ask, headOf, told } from './workload';

/** What a run leaves behind, apart from the terms in which its parts were made. */
interface Left {
  readonly state: string | undefined;
  readonly weights: string;
  readonly arrays: readonly string[];
  readonly series: string;
  readonly measurements: string;
}
/** What runs left that nobody disturbed, by the hash of their spec. */
export type LeftAlone = ReadonlyMap<string, Left>;

const json = async (s: System, key: string): Promise<unknown> =>
  JSON.parse(Buffer.from((await s.place.store.get(key)).body).toString('utf8'));

async function leftBy(s: System, head: RunHead, run: Told): Promise<Left> {
  const result = runResult.parse(await json(s, head.outcome!.resultKey!));
  const series = [];
  for (const { key } of result.chunks) series.push(...decodeMetricChunk((await s.place.store.get(key)).body, key));
  return {
    state: result.stateSha256,
    weights: result.weights.sha256,
    arrays: result.outputs.flatMap((o) =>
      Object.entries(o.arrays).map(([name, a]) => `${o.epoch} ${o.split} ${o.statistics} ${name} ${a.sha256}`),
    ),
    series: JSON.stringify(series),
    measurements: JSON.stringify(run.metrics),
  };
}

export async function leftAlone(s: System, { preset }: Promised): Promise<LeftAlone> {
  const all = new Map<string, Left>();
  for (const run of await told(s, preset)) all.set(run.specHash, await leftBy(s, (await headOf(s, run.id))!, run));
  return all;
}

/** Every event of runs, as the log has it. */
export async function runEvents(s: System): Promise<AnyEnvelope[]> {
  const topic = topicOf('run', 'events');
  const found: AnyEnvelope[] = [];
  for (const { partition, offset: to } of await s.place.log.end([topic]))
    for await (const records of readThrough(s.place.log, { topic, partition, from: 0, to }))
      for (const record of records) {
        try {
          found.push(decodeEvent(record));
        } catch {
          // poison; who reads it says so by a dead letter
        }
      }
  return found;
}

export interface Expected {
  /** states that a run may end in; SUCCEEDED unless it was cancelled */
  readonly states?: readonly string[];
  /** letters that lie dead */
  readonly deadLetters?: number;
}

/** What is wrong between log, heads, objects and SQL and what was promised, once everything is quiet. */
export async function check(
  s: System,
  promised: Promised,
  alone: LeftAlone,
  { states = ['SUCCEEDED'], deadLetters = 0 }: Expected = {},
): Promise<string[]> {
  const wrong: string[] = [];
  const events = await runEvents(s);
  const rows = await told(s, promised.preset);
  if (rows.length !== promised.runIds.length)
    wrong.push(`${promised.runIds.length} runs were promised, SQL has ${rows.length}`);
  for (const runId of promised.runIds) {
    const row = rows.find((r) => r.id === runId);
    const head = await headOf(s, runId);
    const name = runId.slice(0, 12);
    if (!row || !head) {
      wrong.push(`${name} was promised and is not to be found: head ${head?.state}, SQL ${row?.state}`);
      continue;
    }
    if (!states.includes(head.state))
      wrong.push(`${name} ended ${head.state}: ${JSON.stringify(head.outcome?.failure)}`);
    if (row.state !== head.state) wrong.push(`${name} is ${head.state}, SQL says ${row.state}`);
    for (const text of [...ofEvents(head, events), ...(await ofObjects(s, head))]) wrong.push(`${name}: ${text}`);
    if (head.state !== 'SUCCEEDED') continue;
    const expected = alone.get(row.specHash);
    const left = await leftBy(s, head, row);
    for (const part of ['state', 'weights', 'arrays', 'series', 'measurements'] as const)
      if (JSON.stringify(left[part]) !== JSON.stringify(expected?.[part]))
        wrong.push(`${name}: its ${part} are not those of the run left alone`);
  }
  return [...wrong, ...(await ofDatasets(s)), ...(await ofTables(s)), ...(await ofDeadLetters(s, deadLetters))];
}

/** Promise 1: each attempt has one terminal event, which says what the head says; and one id stands for one event. */
function ofEvents(head: RunHead, events: readonly AnyEnvelope[]): string[] {
  const wrong: string[] = [];
  const mine = events.filter((e) => e.subject === head.runId);
  const terminal = mine.filter((e) => e.id === `${head.runId}:terminal:${head.attempt}`);
  if (terminal.length === 0) wrong.push('no terminal event');
  if (terminal.some((e) => e.type !== `run.${head.state.toLowerCase()}` || e.term !== head.term))
    wrong.push(
      `it ended ${head.state} in term ${head.term}, its terminal events say ${terminal.map((e) => `${e.type} in ${e.term}`).join(', ')}`,
    );
  const ids = new Map<string, string>();
  for (const e of mine) {
    const body = JSON.stringify([e.type, e.term, e.data]);
    if ((ids.get(e.id) ?? body) !== body && e.type !== 'run.rejected')
      wrong.push(`the id ${e.id} stands for two events`);
    ids.set(e.id, body);
  }
  const latest = Math.max(...mine.filter((e) => e.type === 'run.claimed').map((e) => e.term ?? 0));
  if (latest > head.term) wrong.push(`somebody claimed term ${latest}, the head is in term ${head.term}`);
  return wrong;
}

/** Promise 3: whatever a head or a result names is there, with its hash. */
async function ofObjects(s: System, head: RunHead): Promise<string[]> {
  const wrong: string[] = [];
  const hold = async (key: string, sha256: string): Promise<void> => {
    const found = await s.place.store.get(key).catch(() => null);
    if (!found) wrong.push(`${key} is missing`);
    else if (sha256Hex(found.body) !== sha256) wrong.push(`${key} does not have its hash`);
  };
  for (const pointer of [head.checkpoint, head.previousCheckpoint]) {
    if (!pointer) continue;
    const key = `${pointer.prefix}manifest.json`;
    const found = await s.place.store.get(key).catch(() => null);
    // Those of a run that has ended may have been swept; one that is there is whole.
    if (!found) continue;
    if (sha256Hex(found.body) !== pointer.manifestSha256) wrong.push(`${key} is not the one that the head names`);
    for (const file of checkpointManifest.parse(JSON.parse(Buffer.from(found.body).toString('utf8'))).files)
      await hold(`${pointer.prefix}${file.name}`, file.sha256);
  }
  if (head.state !== 'SUCCEEDED') return wrong;
  if (head.outcome!.resultKey !== objectKeys.runResult(head.runId, head.term))
    wrong.push(`its result is ${head.outcome!.resultKey}, and its term ${head.term}`);
  const result: RunResult = runResult.parse(await json(s, head.outcome!.resultKey!));
  for (const o of [result.weights, ...result.outputs.flatMap((o) => Object.values(o.arrays)), ...result.chunks])
    await hold(o.key, o.sha256);
  return wrong;
}

async function ofDatasets(s: System): Promise<string[]> {
  const wrong: string[] = [];
  for await (const { key } of s.place.store.list('datasets/')) {
    if (!key.endsWith('/manifest.json')) continue;
    const prefix = key.slice(0, -'manifest.json'.length);
    const { splits } = datasetManifest.parse(await json(s, key));
    for (const array of splits.flatMap((split) => [split.inputs, split.labels])) {
      const found = await s.place.store.get(`${prefix}${array.path}`).catch(() => null);
      if (!found || sha256Hex(found.body) !== array.sha256) wrong.push(`${prefix}${array.path} is missing or changed`);
    }
  }
  return wrong;
}

/** Promise 5: dropped and folded anew from the log, the tables are the same. */
async function ofTables(s: System): Promise<string[]> {
  const [server] = await s.gateways();
  const { status, stdout, stderr } = await minvar(
    s.home,
    ['read-model', 'rebuild', '--json', '--server', server!],
    s.variables,
  );
  if (status !== 0) return [`the read model could not be rebuilt: ${stderr}`];
  const { before, after } = JSON.parse(stdout) as { before: string; after: string };
  return before === after ? [] : [`the read model's hash was ${before}, rebuilt it is ${after}`];
}

async function ofDeadLetters(s: System, expected: number): Promise<string[]> {
  const { deadLetters } = await ask<{ deadLetters: { totalCount: number; edges: { node: object }[] } }>(
    s,
    '{ deadLetters { totalCount edges { node { consumer topic reason message } } } }',
  );
  return deadLetters.totalCount === expected
    ? []
    : [
        `${deadLetters.totalCount} dead letters instead of ${expected}: ${JSON.stringify(deadLetters.edges.map((e) => e.node))}`,
      ];
}
