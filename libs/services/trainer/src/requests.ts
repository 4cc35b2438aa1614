import type { AnyEnvelope, EnvelopeOf, ExperimentRequest, RunHead } from '@minvar/contracts';
import { datasetIdOf, isTerminal } from '@minvar/contracts';
import type { ExpandedExperiment, RequestFact } from '@minvar/coordination';
import {
  expandExperiment,
  groupKeyOf,
  readyRequests,
  requestCancel,
  SpecError,
  usersOf,
  versionsIn,
  waitingRequests,
} from '@minvar/coordination';
import { message, terminalEventOf } from './announce';
import type { Context } from './context';
import { forEach } from './context';
import { changeHead, readHead } from './heads';
import { ensureRun, removeRun } from './runs';

const about = ({
  requestId,
  experimentId,
  name,
  preset,
}: ExperimentRequest): { requestId: string; experimentId: string; name: string; preset: string } => ({
  requestId,
  experimentId,
  name,
  preset,
});

const say = <T extends 'experiment.accepted' | 'experiment.expanded' | 'experiment.failed'>(
  at: Context,
  type: T,
  request: ExperimentRequest,
  data: Extract<AnyEnvelope, { type: T }>['data'],
): AnyEnvelope =>
  message(
    type,
    `${request.requestId}:${type.split('.')[1]!}`,
    request.experimentId,
    at.projectId,
    at.now().at,
    data as never,
  );

/** The request's runs or the data it lacks. Throws `SpecError` when it makes no sense. */
function expand(at: Context, request: ExperimentRequest): ExpandedExperiment {
  const definition = Object.hasOwn(at.experiments, request.name) ? at.experiments[request.name] : undefined;
  if (!definition)
    throw new SpecError(
      'name',
      request.name,
      `there is no experiment '${request.name}'; known are ${Object.keys(at.experiments).sort().join(', ')}`,
    );
  const { seeds, set, freshNonce, basePreset } = request;
  return expandExperiment(
    definition,
    { projectId: at.projectId, preset: basePreset, seeds, set, freshNonce },
    at.registries,
    versionsIn(at.facts),
  );
}

const failed = (at: Context, request: ExperimentRequest, error: string): AnyEnvelope =>
  say(at, 'experiment.failed', request, { ...about(request), error });

/** Takes a request, or refuses it; what follows from taking it follows from the event. */
export async function acceptExperiment(at: Context, command: EnvelopeOf<'experiment.run'>): Promise<void> {
  const { idempotencyKey: _, ...request } = command.data;
  if (at.facts.requests.has(request.requestId)) return;
  try {
    const { waitingFor } = expand(at, request);
    const names = waitingFor.map(({ ingestId, name }) => ({ ingestId, name }));
    await at.send([say(at, 'experiment.accepted', request, { ...request, waitingFor: names })]);
  } catch (e) {
    if (!(e instanceof SpecError)) throw e;
    await at.send([failed(at, request, e.message)]);
  }
}

/** Runs of a request that come to the queue together: enough to share TensorFlow processes well, few enough that none waits long for the others. */
const lot = 200;

export interface Requests {
  /** Does what the facts call for: asks for data, makes runs. Harmless to repeat; throws when log or store fail. */
  readonly settle: () => Promise<void>;
  /** An ingest failed just now: so do the requests that wait for it. */
  readonly ingestFailed: (event: EnvelopeOf<'dataset.ingestFailed'>) => Promise<void>;
}

export function createRequests(at: Context): Requests {
  /** ingests asked for by this process; after a restart they are asked for again, which data-ingest takes as a repeat */
  const asked = new Set<string>();
  /** requests answered by this process, whose answers have not come back through the log yet */
  const answered = new Set<string>();
  const incarnation = at.now().nonce;
  let count = 0;

  async function askForData({ request }: RequestFact): Promise<void> {
    const missing = expand(at, request).waitingFor.filter((w) => !asked.has(w.ingestId));
    const commands = missing.map(({ ingestId, name, parameters }) =>
      message(
        'dataset.ingest',
        `${ingestId}:${request.requestId}:${incarnation}:${++count}`,
        datasetIdOf(at.projectId, name),
        at.projectId,
        at.now().at,
        {
          ingestId,
          name,
          parameters,
          source: null,
          idempotencyKey: null,
        },
      ),
    );
    await at.send(commands);
    missing.forEach((w) => asked.add(w.ingestId));
  }

  async function makeRuns(fact: RequestFact): Promise<void> {
    const { request } = fact;
    const { runs, waitingFor } = expand(at, request);
    // A version may have been deleted between acceptance and now: ask for it again.
    if (waitingFor.length > 0) return askForData(fact);
    const shareKey = `${request.experimentId} ${request.preset}`;
    for (let from = 0; from < runs.length; from += lot) {
      const made: { head: RunHead; groupKey: string }[] = [];
      const together = runs.slice(from, from + lot);
      for (const { runId } of together) at.making.add(runId);
      try {
        await forEach(together, 16, async ({ runId, spec, specHash, datasetVersionId }) => {
          const record = { v: 1 as const, projectId: at.projectId, runId, spec, specHash, datasetVersionId };
          const { head, events } = await ensureRun(at, {
            record,
            priority: request.priority,
            shareKey,
            ask: request.requestId,
          });
          await at.send(events);
          if (!isTerminal(head.state)) made.push({ head, groupKey: groupKeyOf(record) });
        });
      } finally {
        // Also when the store failed half way: what is there waits no longer.
        for (const { head, groupKey } of made) at.runs.put(head, { groupKey });
        for (const { runId } of together) at.making.delete(runId);
      }
    }
    const listed = runs.map(({ runId, cell, method, seed }) => ({ runId, cell, method, seed }));
    await at.send([say(at, 'experiment.expanded', request, { ...about(request), runs: listed })]);
    answered.add(request.requestId);
    at.logger.info({ experiment: request.name, preset: request.preset, runs: runs.length }, 'experiment expanded');
  }

  /** A request that no longer makes sense (another version of the code reads it) ends, instead of stopping the others. */
  async function orFail(r: RequestFact, work: (r: RequestFact) => Promise<void>): Promise<void> {
    if (answered.has(r.request.requestId)) return;
    try {
      await work(r);
    } catch (e) {
      if (!(e instanceof SpecError)) throw e;
      await at.send([failed(at, r.request, e.message)]);
      answered.add(r.request.requestId);
    }
  }

  return {
    settle: async () => {
      // A small request need not wait for the runs of a large one to be made.
      await forEach(readyRequests(at.facts), 8, (r) => orFail(r, makeRuns));
      for (const r of waitingRequests(at.facts)) await orFail(r, askForData);
    },
    ingestFailed: async ({ data: { ingestId, name, error } }) => {
      const hit = waitingRequests(at.facts).filter((r) => r.waitingFor.has(ingestId));
      const ids = hit.map((r) => r.request.requestId).filter((id) => !answered.has(id));
      // Answered from now on, or `settle` would ask for the data once more in between.
      ids.forEach((id) => answered.add(id));
      try {
        await at.send(hit.map((r) => failed(at, r.request, `dataset '${name}' could not be made: ${error}`)));
      } catch (e) {
        ids.forEach((id) => answered.delete(id));
        throw e;
      }
      asked.delete(ingestId);
    },
  };
}

/**
 * Removes an experiment's results: its own runs go, at once or as soon as they end; shared ones stay. The event names those
 * that have not ended, so that a trainer that comes after this one removes them too.
 */
export async function deleteExperiment(at: Context, command: EnvelopeOf<'experiment.delete'>): Promise<void> {
  const { experimentId, name } = command.data;
  const mine = [...at.facts.requests.values()]
    .filter((r) => r.request.experimentId === experimentId)
    .flatMap((r) => r.runs);
  const removing: { runId: string; attempt: number }[] = [];
  for (const runId of new Set(mine)) {
    if (usersOf(at.facts, runId, experimentId).length > 0 || at.facts.runs.get(runId)?.phase === 'deleted') continue;
    const found = await readHead(at.store, runId);
    // Made outside any experiment as well: it stays.
    if (found?.head.shareKey === runId) continue;
    const { change, before } = await changeHead(at.store, runId, at.now, requestCancel);
    const head = change.ok ? change.value : before;
    if (head && isTerminal(head.state) && change.ok) await at.send([await terminalEventOf(at.store, head)]);
    if (head && !isTerminal(head.state)) {
      at.condemned.add(runId);
      removing.push({ runId, attempt: head.attempt });
    } else await removeRun(at, runId, command.projectId);
  }
  const event = message('experiment.deleted', `${command.id}:deleted`, experimentId, command.projectId, at.now().at, {
    experimentId,
    name,
    removing,
  });
  await at.send([event]);
}
