import { canonicalJson, isReference, sha256Hex } from '@minvar/contracts';
import type { AnyEnvelope, ExperimentRequest, RunSpec } from '@minvar/contracts';

export interface RunKnowledge {
  readonly attempt: number;
  readonly spec: RunSpec | null;
  readonly datasetVersionId: string | null;
  readonly projectId: string;
  /** how the newest attempt ended; null while it goes on */
  readonly end: {
    readonly state: 'SUCCEEDED' | 'FAILED' | 'CANCELLED';
    readonly resultKey: string | null;
    readonly why: string | null;
  } | null;
  /** what became of the analysis of this attempt */
  readonly analysis: 'none' | 'done' | 'failed';
}

export interface RequestKnowledge {
  readonly request: ExperimentRequest;
  readonly projectId: string;
  readonly runs:
    readonly { readonly runId: string; readonly cell: string; readonly method: string; readonly seed: number }[] | null;
}

export interface Reanalysis {
  readonly commandId: string;
  readonly runId: string;
}

/**
 * What the analyzer knows: a fold of run, experiment and analysis topics from their beginning. It keeps nothing else, so a
 * restart reads the log again, finds what is missing, and does that.
 */
export interface Knowledge {
  readonly runs: Map<string, RunKnowledge>;
  readonly requests: Map<string, RequestKnowledge>;
  /** judgements sent, by event id */
  readonly judged: Set<string>;
  /** commands to analyse again that wait for their answer */
  readonly asked: Map<string, Reanalysis>;
  /** ids of events already folded in */
  readonly seen: Set<string>;
}

export const noKnowledge = (): Knowledge => ({
  runs: new Map(),
  requests: new Map(),
  judged: new Set(),
  asked: new Map(),
  seen: new Set(),
});

/** Id of the event that answers a command to analyse again. */
export const answerId = (commandId: string): string => `answer:${commandId}`;

const blank = (projectId: string): RunKnowledge => ({
  attempt: 0,
  spec: null,
  datasetVersionId: null,
  projectId,
  end: null,
  analysis: 'none',
});

/** Folds one record in, in place. Repeats and overtaken attempts change nothing; the order of topics does not matter. */
export function learn(k: Knowledge, e: AnyEnvelope): void {
  if (k.seen.has(e.id)) return;
  k.seen.add(e.id);
  const run = (id: string): RunKnowledge => k.runs.get(id) ?? blank(e.projectId);
  switch (e.type) {
    case 'run.queued': {
      const known = run(e.data.runId);
      const newer = e.data.attempt > known.attempt;
      k.runs.set(e.data.runId, {
        ...known,
        spec: e.data.spec,
        datasetVersionId: e.data.datasetVersionId,
        ...(newer ? { attempt: e.data.attempt, end: null, analysis: 'none' as const } : {}),
      });
      return;
    }
    case 'run.succeeded':
    case 'run.failed':
    case 'run.cancelled': {
      const known = run(e.data.runId);
      if (e.data.attempt < known.attempt) return;
      const state = e.type === 'run.succeeded' ? 'SUCCEEDED' : e.type === 'run.failed' ? 'FAILED' : 'CANCELLED';
      const end = {
        state,
        resultKey: e.type === 'run.succeeded' ? e.data.resultKey : null,
        why: e.type === 'run.failed' ? e.data.failure.kind : null,
      } as const;
      k.runs.set(e.data.runId, {
        ...known,
        attempt: e.data.attempt,
        end,
        analysis: e.data.attempt > known.attempt ? 'none' : known.analysis,
      });
      return;
    }
    case 'run.deleted':
      k.runs.delete(e.data.runId);
      return;
    case 'analysis.completed':
    case 'analysis.failed': {
      for (const [id] of k.asked) if (e.id === answerId(id)) k.asked.delete(id);
      const known = run(e.data.runId);
      if (e.data.attempt < known.attempt) return;
      // the own topic may be read ahead of the run's: the attempt is then news
      k.runs.set(e.data.runId, {
        ...known,
        attempt: e.data.attempt,
        analysis: e.type === 'analysis.completed' ? 'done' : 'failed',
      });
      return;
    }
    case 'analysis.analyse':
      if (!k.seen.has(answerId(e.id))) k.asked.set(e.id, { commandId: e.id, runId: e.data.runId });
      return;
    case 'experiment.accepted': {
      const { waitingFor: _, ...request } = e.data;
      k.requests.set(request.requestId, {
        request,
        projectId: e.projectId,
        runs: k.requests.get(request.requestId)?.runs ?? null,
      });
      return;
    }
    case 'experiment.expanded': {
      const known = k.requests.get(e.data.requestId);
      const { runs } = e.data;
      if (isReference(runs)) throw new Error(`experiment.expanded of ${e.data.requestId}: its runs must be read first`);
      if (known) k.requests.set(e.data.requestId, { ...known, runs });
      return;
    }
    case 'experiment.failed':
      k.requests.delete(e.data.requestId);
      return;
    case 'experiment.deleted':
      for (const [id, r] of k.requests) if (r.request.experimentId === e.data.experimentId) k.requests.delete(id);
      return;
    case 'experiment.judged':
      k.judged.add(e.id);
      return;
  }
}

/** Id of the judgement of a request for these outcomes: a retry that changes an outcome is judged anew, a repeat is not. */
export function judgementId(
  requestId: string,
  outcomes: readonly { runId: string; attempt: number; state: string; analysis: string }[],
): string {
  return `judged:${requestId}:${sha256Hex(canonicalJson(outcomes)).slice(0, 16)}`;
}

export type Work =
  | { readonly kind: 'analyse'; readonly runId: string; readonly run: RunKnowledge; readonly commandId: string | null }
  | { readonly kind: 'judge'; readonly eventId: string; readonly requestId: string; readonly of: RequestKnowledge };

/** What is due and not done: successes without analysis first, then answers to commands, then requests that are complete. */
export function dueWork(k: Knowledge): Work[] {
  const work: Work[] = [];
  for (const [runId, run] of k.runs)
    if (run.end?.state === 'SUCCEEDED' && run.analysis === 'none')
      work.push({ kind: 'analyse', runId, run, commandId: null });
  for (const { commandId, runId } of k.asked.values()) {
    const run = k.runs.get(runId);
    if (run?.end?.state === 'SUCCEEDED') work.push({ kind: 'analyse', runId, run, commandId });
  }
  for (const [requestId, of] of k.requests) {
    const outcomes = of.runs?.map(({ runId }) => ({ runId, run: k.runs.get(runId) })) ?? null;
    if (
      !outcomes ||
      outcomes.some(({ run }) => !run?.end || (run.end.state === 'SUCCEEDED' && run.analysis === 'none'))
    )
      continue;
    const eventId = judgementId(
      requestId,
      outcomes.map(({ runId, run }) => ({
        runId,
        attempt: run!.attempt,
        state: run!.end!.state,
        analysis: run!.analysis,
      })),
    );
    if (!k.judged.has(eventId)) work.push({ kind: 'judge', eventId, requestId, of });
  }
  return work;
}
