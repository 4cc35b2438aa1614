import type { AnyEnvelope, RunHead, RunSpec } from '@minvar/contracts';
import { decodeMetricChunk, isTerminal, objectKeys, runResult, sha256Hex } from '@minvar/contracts';
import type { Records } from '../memory/event-log';
import type { Objects } from '../memory/object-store';
import type { Tables } from './gateway';
import { everything, foldOf } from './gateway';
import type { Asked } from './simulate';
import type { Script } from './training-child';
import { stateAfter } from './training-child';

interface End {
  readonly records: Records;
  readonly objects: Objects;
  readonly tables: Tables;
  readonly asked: readonly Asked[];
  readonly runs: readonly { readonly runId: string; readonly spec: RunSpec }[];
  readonly headOf: (runId: string) => RunHead | null;
  readonly history: ReadonlyMap<string, readonly RunHead[]>;
  readonly script: Script;
  readonly versionId: string;
}

/** What is wrong between log, heads, objects, tables and what the client was promised, once everything is quiet. */
export function checkEnd(end: End): string[] {
  const wrong: string[] = [];
  const events = everything(end.records);
  for (const run of end.runs) {
    const mine = events.filter((e) => e.subject === run.runId);
    for (const text of [
      ...checkEvents(end, run.runId, mine),
      ...checkCommands(end, run.runId, mine),
      ...checkResult(end, run),
    ])
      wrong.push(`${run.runId.slice(0, 12)}: ${text}`);
  }
  return [...wrong, ...checkTables(end)];
}

function checkEvents({ history }: End, runId: string, mine: readonly AnyEnvelope[]): string[] {
  const wrong: string[] = [];
  const states = history.get(runId) ?? [];
  const bodies = new Map<string, string>();
  const saidBy = new Map<number, number>();
  for (const e of mine) {
    if (e.type.endsWith('.create') || e.type === 'run.cancel' || e.type === 'run.retry') continue;
    const body = JSON.stringify([e.type, e.term, e.data]);
    const known = bodies.get(e.id);
    if (known === undefined) {
      const [, term, seq] = /^run_[0-9a-f]+:(\d+):(\d+)$/.exec(e.id) ?? [];
      if (seq !== undefined) {
        const next = saidBy.get(Number(term)) ?? 0;
        if (Number(seq) !== next) wrong.push(`event ${e.id} comes where number ${next} of its term was due`);
        saidBy.set(Number(term), Number(seq) + 1);
      }
      bodies.set(e.id, body);
    } else if (known !== body && e.type !== 'run.rejected' && e.type !== 'run.cancelRequested') {
      wrong.push(`the id ${e.id} stands for two events: ${known} and ${body}`);
    }
    if (e.type === 'run.checkpointed' && !states.some((h) => h.checkpoint?.prefix === e.data.prefix))
      wrong.push(`event about ${e.data.prefix}, which the head never had`);
    if (e.type === 'run.claimed' && !states.some((h) => h.term === e.term && h.owner === e.data.owner))
      wrong.push(`event of ${e.data.owner}, who never owned it in term ${e.term}`);
  }
  for (const head of states) {
    if (!isTerminal(head.state)) continue;
    const told = mine.filter((e) => e.id === `${runId}:terminal:${head.attempt}`);
    if (told.length === 0) wrong.push(`attempt ${head.attempt} ended ${head.state}, and no event says so`);
    for (const e of told)
      if (e.type !== `run.${head.state.toLowerCase()}` || e.term !== head.term)
        wrong.push(
          `attempt ${head.attempt} ended ${head.state} in term ${head.term}, the event says ${e.type} in ${e.term}`,
        );
  }
  const ended = new Set(states.filter((h) => isTerminal(h.state)).map((h) => h.attempt));
  for (const id of bodies.keys()) {
    const [, attempt] = /:terminal:(\d+)$/.exec(id) ?? [];
    if (attempt !== undefined && !ended.has(Number(attempt))) wrong.push(`${id} is told, but that attempt never ended`);
  }
  return wrong;
}

function checkCommands({ asked, headOf, history }: End, runId: string, mine: readonly AnyEnvelope[]): string[] {
  const wrong: string[] = [];
  const head = headOf(runId);
  const commands = asked.filter((a) => a.runId === runId);
  const of = (type: string): Asked[] => commands.filter((a) => a.envelope.type === type);
  if (head === null) return of('run.create').length > 0 ? ['was asked for and has no head'] : [];
  if (!isTerminal(head.state)) wrong.push(`is ${head.state} for ever`);
  const retries = new Set(of('run.retry').map((a) => attemptOf(a)));
  for (let attempt = 2; attempt <= head.attempt; attempt++)
    if (!retries.has(attempt)) wrong.push(`has an attempt ${attempt} that nobody asked for`);
  const cancels = new Set(of('run.cancel').map((a) => attemptOf(a)));
  for (const h of history.get(runId) ?? [])
    if ((h.state === 'CANCELLED' || h.cancelRequested) && !cancels.has(h.attempt))
      wrong.push(`attempt ${h.attempt} was cancelled, which nobody asked for`);
  for (const { envelope, acknowledged } of commands) {
    if (!acknowledged) continue;
    const attempt = attemptOf({ envelope });
    const rejected = mine.some((e) => e.id === `${envelope.id}:rejected`);
    const heeded =
      envelope.type === 'run.create' ||
      (envelope.type === 'run.retry' && head.attempt >= attempt) ||
      (envelope.type === 'run.cancel' && mine.some((e) => e.id === `${runId}:terminal:${attempt}`));
    if (!rejected && !heeded) wrong.push(`${envelope.id} was accepted and came to nothing`);
  }
  return [...new Set(wrong)];
}

const attemptOf = ({ envelope }: Pick<Asked, 'envelope'>): number =>
  (envelope.data as { attempt?: number }).attempt ?? 1;

/** The result is that of a run left alone, and all it names is there and whole. */
function checkResult(
  { headOf, objects, script }: End,
  { runId, spec }: { readonly runId: string; readonly spec: RunSpec },
): string[] {
  const head = headOf(runId);
  if (head?.state !== 'SUCCEEDED') return [];
  const wrong: string[] = [];
  const text = (key: string): string => Buffer.from(objects.held.get(key)?.body ?? []).toString('utf8');
  const result = runResult.parse(JSON.parse(text(head.outcome!.resultKey!)));
  const steps = spec.epochs * script.stepsPerEpoch;
  const state = text(result.weights.key);
  if (state !== stateAfter(spec.seed, steps))
    wrong.push(`ended with the weights ${state}, left alone with ${stateAfter(spec.seed, steps)}`);
  if (sha256Hex(state) !== result.weights.sha256) wrong.push('its weights do not have their hash');
  const epochs: number[] = [];
  for (const chunk of result.chunks) {
    const held = objects.held.get(chunk.key);
    if (!held || sha256Hex(held.body) !== chunk.sha256) wrong.push(`chunk ${chunk.key} is missing or changed`);
    else epochs.push(...decodeMetricChunk(held.body, chunk.key).map((p) => p.step));
  }
  if (epochs.join() !== Array.from({ length: spec.epochs }, (_, i) => i + 1).join())
    wrong.push(`its series has the epochs ${epochs.join(', ')} of ${spec.epochs}`);
  const prefix = objectKeys.runPrefix(runId);
  if (!result.weights.key.startsWith(`${prefix}results/${head.term}/`))
    wrong.push(`its weights are ${result.weights.key}`);
  return wrong;
}

/** The tables are the fold of the log, and say of each run what its head says. */
function checkTables({ records, tables, runs, headOf }: End): string[] {
  const wrong: string[] = [];
  const anew = foldOf(records);
  for (const { runId } of runs) {
    const name = runId.slice(0, 12);
    const row = tables.rows.get(runId);
    if (JSON.stringify(sorted(row)) !== JSON.stringify(sorted(anew.rows.get(runId))))
      wrong.push(`${name}: the row is not the fold of the log`);
    const head = headOf(runId);
    if (!head || !row) continue;
    const shown = [row.state, row.attempt, row.term, row.result_key, row.owner];
    const held = [head.state, head.attempt, head.term, head.outcome?.resultKey ?? null, head.owner];
    if (JSON.stringify(shown) !== JSON.stringify(held))
      wrong.push(`${name}: the row says ${JSON.stringify(shown)}, the head ${JSON.stringify(held)}`);
  }
  return wrong;
}

/** Commands and events lie in different topics, so asks and rejections may have come in another order. */
const sorted = (row: Tables['rows'] extends ReadonlyMap<string, infer R> ? R | undefined : never): unknown =>
  row && {
    ...row,
    asks: [...row.asks].map((a) => JSON.stringify(a)).sort(),
    rejections: [...row.rejections].map((r) => JSON.stringify(r)).sort(),
  };
