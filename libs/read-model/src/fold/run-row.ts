import type { EnvelopeOf, Fingerprint, RunFailure, RunSpec, RunState } from '@minvar/contracts';
import { isTerminal } from '@minvar/contracts';
import { advance, isStale } from '@minvar/coordination';
import type { Row } from '../schema/tables';

/** What the run's events say, apart from what was only asked for. */
export interface RunFacts {
  state: RunState | null;
  attempt: number;
  term: number;
  /** order of states within one term: an event may be repeated or late */
  rank: number;
  cancelAttempt: number | null;
  owner: string | null;
  queuedAt: string | null;
  startedAt: string | null;
  finishedAt: string | null;
  seconds: number | null;
  failure: RunFailure | null;
  fingerprints: Fingerprint[];
  numericsChanged: boolean;
  resultKey: string | null;
  checkpoint: { step: number; epoch: number; prefix: string } | null;
  totalSteps: number | null;
  priority: number | null;
}

/** A command on the log that the trainer may not have answered yet: what makes an answered mutation visible at once. */
export interface AskedCommand {
  id: string;
  command: 'run.create' | 'run.cancel' | 'run.retry';
  key: string | null;
  attempt: number;
  at: string;
  priority: number | null;
}
export interface Rejection {
  command: string;
  key: string | null;
  because: string;
  at: string;
}

/** Facts of the spec: the run's id is derived from them, so every message that carries them carries the same. */
interface Identity {
  spec: RunSpec;
  specHash: string;
  datasetVersionId: string;
}

export type RunRow = Row<'runs'>;
type RunCommand = EnvelopeOf<'run.create'> | EnvelopeOf<'run.cancel'> | EnvelopeOf<'run.retry'>;
type RunEvent =
  | EnvelopeOf<'run.queued'>
  | EnvelopeOf<'run.claimed'>
  | EnvelopeOf<'run.started'>
  | EnvelopeOf<'run.checkpointed'>
  | EnvelopeOf<'run.cancelRequested'>
  | EnvelopeOf<'run.succeeded'>
  | EnvelopeOf<'run.failed'>
  | EnvelopeOf<'run.cancelled'>
  | EnvelopeOf<'run.rejected'>
  | EnvelopeOf<'run.deleted'>;
export type RunMessage = RunCommand | RunEvent;

/** A run of which nothing is known yet. */
export const unknownRun = (id: string, projectId: string): RunRow => ({
  id,
  project_id: projectId,
  visible: false,
  state: null,
  attempt: null,
  term: null,
  cancel_requested: false,
  priority: null,
  owner: null,
  spec: null,
  spec_hash: null,
  dataset_version_id: null,
  dataset: null,
  model: null,
  method: null,
  seed: null,
  created_at: null,
  started_at: null,
  finished_at: null,
  seconds: null,
  failure: null,
  fingerprints: [],
  numerics_changed: false,
  result_key: null,
  checkpoint: null,
  total_steps: null,
  facts: null,
  asks: [],
  rejections: [],
  deleted_at: null,
});

const noFacts: RunFacts = {
  state: null,
  attempt: 1,
  term: 0,
  rank: -1,
  cancelAttempt: null,
  owner: null,
  queuedAt: null,
  startedAt: null,
  finishedAt: null,
  seconds: null,
  failure: null,
  fingerprints: [],
  numericsChanged: false,
  resultKey: null,
  checkpoint: null,
  totalSteps: null,
  priority: null,
};

/** The row after one message. Equal objects mean that it said nothing new. */
export function foldRun(row: RunRow, m: RunMessage): RunRow {
  const next = record(row, m);
  return next === row ? row : derive(next);
}

function record(row: RunRow, m: RunMessage): RunRow {
  switch (m.type) {
    case 'run.create':
      return isBeforeDeletion(row, m) ? row : ask(withIdentity(row, m.data), m, 1, m.data.priority);
    case 'run.cancel':
      return ask(row, m, m.data.attempt ?? 1, null);
    case 'run.retry':
      return ask(row, m, m.data.attempt ?? 2, null);
    case 'run.rejected': {
      const rejection = { command: m.data.command, key: m.data.idempotencyKey, because: m.data.because, at: m.time };
      return { ...row, rejections: [...row.rejections, rejection] };
    }
    case 'run.deleted':
      return {
        ...row,
        facts: null,
        rejections: [],
        deleted_at: m.time,
        asks: row.asks.filter((a) => a.at > m.time),
      };
    default: {
      const known = row.facts && row.facts.rank >= 0 ? row.facts : null;
      if (isStale(known, m)) return row;
      const facts = foldFacts(row.facts ?? noFacts, m);
      if (facts === row.facts) return row;
      return { ...(m.type === 'run.queued' ? withIdentity(row, m.data) : row), facts };
    }
  }
}

const withIdentity = (row: RunRow, d: Identity): RunRow => ({
  ...row,
  spec: d.spec,
  spec_hash: d.specHash,
  dataset_version_id: d.datasetVersionId,
  dataset: d.spec.data.name,
  model: d.spec.model.name,
  method: d.spec.method.name,
  seed: d.spec.seed,
});

const isBeforeDeletion = (row: RunRow, m: RunCommand): boolean => row.deleted_at !== null && m.time <= row.deleted_at;

function ask(row: RunRow, m: RunCommand, attempt: number, priority: number | null): RunRow {
  if (isBeforeDeletion(row, m)) return row;
  const asked: AskedCommand = { id: m.id, command: m.type, key: m.data.idempotencyKey, attempt, at: m.time, priority };
  return { ...row, asks: [...row.asks, asked] };
}

type FactEvent = Exclude<RunEvent, { type: 'run.rejected' | 'run.deleted' }>;

const ranks = {
  'run.claimed': 1,
  'run.started': 2,
  'run.queued': 3,
  'run.succeeded': 4,
  'run.failed': 4,
  'run.cancelled': 4,
} as const;

/** States of one run are ordered by (attempt, term, rank): a late or repeated event never moves it back. */
function foldFacts(f: RunFacts, m: FactEvent): RunFacts {
  if (m.type === 'run.checkpointed') {
    const { step, epoch, prefix } = m.data;
    return { ...f, term: advance(f, m).term, checkpoint: { step, epoch, prefix } };
  }
  if (m.type === 'run.cancelRequested') return { ...f, cancelAttempt: m.data.attempt };
  const version = advance(f, m);
  const rank = ranks[m.type];
  const same = version.attempt === f.attempt && version.term === f.term;
  const ended = f.state !== null && isTerminal(f.state) && version.attempt === f.attempt;
  if ((same && rank <= f.rank) || ended) return f;
  const next: RunFacts = { ...f, ...version, rank };
  switch (m.type) {
    case 'run.queued':
      return {
        ...next,
        state: 'QUEUED',
        owner: null,
        priority: m.data.priority,
        queuedAt: f.queuedAt ?? m.time,
        startedAt: version.attempt > f.attempt ? null : f.startedAt,
        finishedAt: null,
        seconds: null,
        failure: null,
      };
    case 'run.claimed':
      return { ...next, state: 'CLAIMED', owner: m.data.owner };
    case 'run.started':
      return {
        ...next,
        state: 'RUNNING',
        startedAt: f.startedAt ?? m.time,
        totalSteps: m.data.totalSteps,
        fingerprints: withFingerprint(f.fingerprints, m.data.fingerprint),
      };
    case 'run.succeeded':
      return {
        ...next,
        state: 'SUCCEEDED',
        owner: null,
        finishedAt: m.data.finishedAt,
        seconds: m.data.seconds,
        failure: null,
        resultKey: m.data.resultKey,
        fingerprints: m.data.fingerprints,
        numericsChanged: m.data.numericsChanged,
      };
    case 'run.failed':
      return {
        ...next,
        state: 'FAILED',
        owner: null,
        finishedAt: m.data.finishedAt,
        seconds: m.data.seconds,
        failure: m.data.failure,
      };
    case 'run.cancelled':
      return { ...next, state: 'CANCELLED', owner: null, finishedAt: m.data.finishedAt, seconds: m.data.seconds };
  }
}

const withFingerprint = (all: Fingerprint[], one: Fingerprint): Fingerprint[] =>
  all.some((f) => JSON.stringify(Object.entries(f).sort()) === JSON.stringify(Object.entries(one).sort()))
    ? all
    : [...all, one];

const rejects = (r: Rejection, a: AskedCommand): boolean =>
  r.command === a.command && (r.key === null ? r.at >= a.at : r.key === a.key);

/** The columns that are shown, as a function of facts, asked commands and rejections, in whatever order they came. */
function derive(row: RunRow): RunRow {
  const f = row.facts;
  const state = f?.state ?? null;
  const standing = row.asks.filter((a) => !row.rejections.some((r) => rejects(r, a)));
  const created = [...row.asks].filter((a) => a.command === 'run.create').sort((a, b) => (a.at < b.at ? -1 : 1))[0];
  const base =
    state === null
      ? fromCommand(row, standing, created)
      : { state, attempt: f!.attempt, failure: f!.failure, at: f!.finishedAt };
  if (base === null || row.spec === null) {
    const { facts, asks, rejections, deleted_at } = row;
    const kept = facts !== null || created !== undefined ? identityOf(row) : {};
    return { ...unknownRun(row.id, row.project_id), ...kept, facts, asks, rejections, deleted_at };
  }
  const retry = standing
    .filter((a) => a.command === 'run.retry' && a.attempt > base.attempt)
    .sort((a, b) => b.attempt - a.attempt)[0];
  const attempt = retry ? retry.attempt : base.attempt;
  const shown: RunState = retry ? 'QUEUED' : base.state;
  const asked = standing.some((a) => a.command === 'run.cancel' && a.attempt === attempt);
  return {
    ...row,
    visible: true,
    state: shown,
    attempt,
    term: f?.term ?? 0,
    cancel_requested: shown === 'CANCELLED' || f?.cancelAttempt === attempt || asked,
    priority: f?.priority ?? created?.priority ?? 0,
    owner: f?.owner ?? null,
    created_at: created?.at ?? f?.queuedAt ?? f?.startedAt ?? f?.finishedAt ?? null,
    started_at: retry ? null : (f?.startedAt ?? null),
    finished_at: retry ? null : base.at,
    seconds: retry ? null : (f?.seconds ?? null),
    failure: retry ? null : base.failure,
    fingerprints: f?.fingerprints ?? [],
    numerics_changed: f?.numericsChanged ?? false,
    result_key: f?.resultKey ?? null,
    checkpoint: f?.checkpoint ?? null,
    total_steps: f?.totalSteps ?? null,
  };
}

const identityOf = (r: RunRow) => ({
  spec: r.spec,
  spec_hash: r.spec_hash,
  dataset_version_id: r.dataset_version_id,
  dataset: r.dataset,
  model: r.model,
  method: r.method,
  seed: r.seed,
});

/** A run that was asked for but of which no event speaks yet: queued, or refused by the trainer. */
function fromCommand(
  row: RunRow,
  standing: readonly AskedCommand[],
  created: AskedCommand | undefined,
): { state: RunState; attempt: number; failure: RunFailure | null; at: string | null } | null {
  if (standing.some((a) => a.command === 'run.create')) return { state: 'QUEUED', attempt: 1, failure: null, at: null };
  const refused = created && row.rejections.find((r) => rejects(r, created));
  return refused
    ? { state: 'FAILED', attempt: 1, failure: { kind: 'BAD_SPEC', message: refused.because }, at: refused.at }
    : null;
}

/** What a subscriber sees of the run at this very event, whatever has happened since. */
export const runPatch = (row: RunRow): Record<string, unknown> => {
  const f = row.facts;
  if (!f || f.state === null) return {};
  return {
    state: f.state,
    attempt: f.attempt,
    term: f.term,
    started_at: f.startedAt,
    finished_at: f.finishedAt,
    seconds: f.seconds,
    failure: f.failure,
    owner: f.owner,
  };
};
