import type { AnyEnvelope, ExperimentRequest, WholeEnvelope } from '@minvar/contracts';
import type { KnownVersion, VersionLookup } from './experiment';
import { trainExamplesOf } from './experiment';
import type { RunVersion } from './projection';
import { advance, isStale } from './projection';

/** What the trainer knows of a request: from `experiment.accepted` to the event that ends its part in it. */
export interface RequestFact {
  readonly request: ExperimentRequest;
  readonly waitingFor: ReadonlySet<string>;
  readonly state: 'accepted' | 'expanded' | 'failed';
  readonly runs: readonly string[];
}

export interface RunFact extends RunVersion {
  /** runs that can share a TensorFlow process have equal keys */
  readonly groupKey: string;
  readonly phase: 'queued' | 'active' | 'terminal' | 'deleted';
}

/**
 * The trainer's memory: a fold of dataset, experiment and run events from the first one on. Nothing else is kept, so a
 * restart reads the log again and knows the same. `remember` works in place: the value belongs to one consumer.
 */
export interface Facts {
  /** by ingest id */
  readonly versions: Map<string, KnownVersion & { readonly name: string }>;
  readonly requests: Map<string, RequestFact>;
  readonly runs: Map<string, RunFact>;
  /** runs that a deleted experiment left at work, with the attempt that goes when it ends */
  readonly doomed: Map<string, number>;
}

export const noFacts = (): Facts => ({
  versions: new Map(),
  requests: new Map(),
  runs: new Map(),
  doomed: new Map(),
});

/** Folds one event in; repeats and overtaken events change nothing, and the order of topics does not matter. */
export function remember(facts: Facts, event: WholeEnvelope): void {
  switch (event.type) {
    case 'dataset.versionCreated': {
      const { versionId, version, name } = event.data.manifest;
      const trainExamples = trainExamplesOf(event.data.manifest);
      facts.versions.set(event.data.ingestId, { versionId, version, name, trainExamples });
      return;
    }
    case 'dataset.versionDeleted':
      for (const [ingestId, v] of facts.versions)
        if (v.versionId === event.data.versionId) facts.versions.delete(ingestId);
      return;
    case 'experiment.accepted':
    case 'experiment.expanded':
    case 'experiment.failed':
      return rememberRequest(facts, event);
    case 'experiment.deleted':
      for (const [id, r] of facts.requests)
        if (r.request.experimentId === event.data.experimentId) facts.requests.delete(id);
      for (const { runId, attempt } of event.data.removing ?? [])
        facts.doomed.set(runId, Math.max(attempt, facts.doomed.get(runId) ?? 0));
      return;
    case 'run.queued':
    case 'run.claimed':
    case 'run.started':
    case 'run.checkpointed':
    case 'run.succeeded':
    case 'run.failed':
    case 'run.cancelled':
    case 'run.deleted':
      return rememberRun(facts, event);
  }
}

function rememberRequest(
  facts: Facts,
  event: Extract<WholeEnvelope, { type: 'experiment.accepted' | 'experiment.expanded' | 'experiment.failed' }>,
): void {
  const known = facts.requests.get(event.data.requestId);
  if (event.type === 'experiment.accepted') {
    if (known) return;
    const { waitingFor, ...request } = event.data;
    facts.requests.set(request.requestId, {
      request,
      waitingFor: new Set(waitingFor.map((w) => w.ingestId)),
      state: 'accepted',
      runs: [],
    });
  } else if (known?.state === 'accepted') {
    // One topic, one key: acceptance comes before what follows from it.
    const runs = event.type === 'experiment.expanded' ? event.data.runs.map((r) => r.runId) : [];
    facts.requests.set(event.data.requestId, {
      ...known,
      runs,
      state: event.type === 'experiment.expanded' ? 'expanded' : 'failed',
    });
  }
}

type RunFactEvent = Extract<
  AnyEnvelope,
  {
    type:
      | 'run.queued'
      | 'run.claimed'
      | 'run.started'
      | 'run.checkpointed'
      | 'run.succeeded'
      | 'run.failed'
      | 'run.cancelled'
      | 'run.deleted';
  }
>;

/** Runs with equal keys can share a TensorFlow process: same dataset version, same model family. */
export const groupKeyOf = (run: {
  readonly datasetVersionId: string;
  readonly spec: { readonly model: { readonly name: string } };
}): string => `${run.datasetVersionId} ${run.spec.model.name}`;

function rememberRun(facts: Facts, event: RunFactEvent): void {
  const known = facts.runs.get(event.data.runId) ?? null;
  if (isStale(known, event)) return;
  const version = advance(known, event);
  const groupKey = event.type === 'run.queued' ? groupKeyOf(event.data) : (known?.groupKey ?? '');
  facts.runs.set(event.data.runId, { ...version, groupKey, phase: phaseAfter(event, known) });
}

function phaseAfter(event: RunFactEvent, known: RunFact | null): RunFact['phase'] {
  switch (event.type) {
    case 'run.queued':
      // Said again after a crash: only a newer attempt brings an ended run back.
      return known && known.phase === 'terminal' && event.data.attempt <= known.attempt ? 'terminal' : 'queued';
    case 'run.succeeded':
    case 'run.failed':
    case 'run.cancelled':
      return 'terminal';
    case 'run.deleted':
      return 'deleted';
    default:
      return known?.phase === 'terminal' ? 'terminal' : 'active';
  }
}

/** Versions as expansion looks them up: what an ingest made, or a dataset's version by its name. */
export const versionsIn =
  (facts: Facts): VersionLookup =>
  ({ ingestId, name, version }) => {
    const made = facts.versions.get(ingestId);
    if (version === null || made?.version === version) return made ?? null;
    return [...facts.versions.values()].find((v) => v.name === name && v.version === version) ?? null;
  };

/** Requests that wait for nothing any more, and have not been expanded. */
export const readyRequests = (facts: Facts): RequestFact[] =>
  [...facts.requests.values()].filter(
    (r) => r.state === 'accepted' && [...r.waitingFor].every((id) => facts.versions.has(id)),
  );

/** Requests that still wait for an ingest. */
export const waitingRequests = (facts: Facts): RequestFact[] =>
  [...facts.requests.values()].filter(
    (r) => r.state === 'accepted' && [...r.waitingFor].some((id) => !facts.versions.has(id)),
  );

/** Runs that are to go: a deleted experiment left them at work, and nobody has asked for them again. */
export const doomedRuns = (facts: Facts): string[] =>
  [...facts.doomed].flatMap(([runId, attempt]) => {
    const run = facts.runs.get(runId);
    const isWanted = usersOf(facts, runId, '').length > 0 || (run?.attempt ?? 0) > attempt;
    return run?.phase === 'deleted' || isWanted ? [] : [runId];
  });

/** Experiments, other than one, that use a run. */
export const usersOf = (facts: Facts, runId: string, except: string): string[] =>
  [
    ...new Set([...facts.requests.values()].filter((r) => r.runs.includes(runId)).map((r) => r.request.experimentId)),
  ].filter((id) => id !== except);
