import { analysisIdOf, experimentIdOf, isTerminal, objectKeys } from '@minvar/contracts';
import type { MessageType } from '@minvar/contracts';
import type { Context } from '../context';
import type { ExpectedError } from '../errors';
import { conflictError, notFoundError } from '../errors';
import { experimentById } from '../schema/experiment';
import type { Command } from './accept';
import { accept, keyOf, send } from './accept';

export interface DeleteInput {
  readonly id: string;
  readonly dryRun?: boolean | null;
  readonly idempotencyKey?: string | null;
}

interface Size {
  readonly objects: number;
  readonly bytes: bigint;
}

/** What lies under these prefixes, and these single objects. */
async function sizeOf(
  { options: { store } }: Context,
  prefixes: readonly string[],
  keys: readonly string[] = [],
): Promise<Size> {
  let objects = 0;
  let bytes = 0n;
  const count = (size: number) => {
    objects += 1;
    bytes += BigInt(size);
  };
  for (const prefix of prefixes) for await (const o of store.list(prefix)) count(o.size);
  for (const key of new Set(keys)) {
    const found = prefixes.some((p) => key.startsWith(p)) ? null : await store.stat(key);
    if (found) count(found.size);
  }
  return { objects, bytes };
}

/** Counts what would go; unless it is a dry run, asks for it to be removed. */
async function remove<T extends MessageType>(
  c: Context,
  mutation: string,
  { id, dryRun, idempotencyKey }: DeleteInput,
  size: Size,
  command: (key: string) => Command<T>,
) {
  const dry = dryRun ?? true;
  if (!dry) {
    const accepted = await accept(c, mutation, idempotencyKey, { id, dryRun: false }, id);
    if ('__typename' in accepted) return accepted;
    const key = keyOf(idempotencyKey);
    if (!accepted.isRepeat) await send(c, command(key), mutation, idempotencyKey, key, { id, dryRun: false }, id);
  }
  return { __typename: 'DeletePayload', id, ...size, dryRun: dry };
}

/** A repeat under a key whose entity may be gone by now; null when it is none. */
async function repeated(c: Context, mutation: string, { id, dryRun, idempotencyKey }: DeleteInput): Promise<boolean> {
  if (!idempotencyKey || (dryRun ?? true)) return false;
  const used = await c.options.readModel.queries.idempotencyKey(idempotencyKey);
  return used !== null && used.mutation === mutation && used.entity_id === id;
}
const gone = (id: string) => ({ __typename: 'DeletePayload', id, objects: 0, bytes: 0n, dryRun: false });

export async function deleteRun(input: DeleteInput, c: Context) {
  const { id } = input;
  const run = await c.loaders.runs.load(id);
  if (!run)
    return (await repeated(c, 'deleteRun', input))
      ? gone(id)
      : notFoundError(`there is no run '${id}'`, ['input', 'id']);
  if (!isTerminal(run.state!)) return conflictError(`run '${id}' is ${run.state}; cancel it first`, ['input', 'id']);
  const analyses = Array.from({ length: run.attempt! }, (_, i) =>
    objectKeys.analysisPrefix(analysisIdOf(c.options.projectId, id, i + 1)),
  );
  const size = await sizeOf(c, [objectKeys.runPrefix(id), ...analyses]);
  return remove(c, 'deleteRun', input, size, (idempotencyKey) => ({
    type: 'run.delete',
    subject: id,
    data: { runId: id, idempotencyKey },
  }));
}

/** Results of an experiment, at every preset; runs that another experiment uses stay. */
export async function deleteExperiment(input: DeleteInput, c: Context) {
  const { options } = c;
  const definition = experimentById(input.id, options);
  if (!definition) return notFoundError(`there is no experiment '${input.id}'`, ['input', 'id']);
  const experimentId = experimentIdOf(options.projectId, definition.name);
  const runs = await options.readModel.queries.ownedRuns(experimentId);
  const active = runs.find((r) => r.state !== null && !isTerminal(r.state as 'QUEUED'));
  if (active)
    return conflictError(
      `run '${active.run_id}' of experiment '${definition.name}' is ${active.state}; cancel it first`,
      ['input', 'id'],
    );
  const own = runs.filter((r) => !r.shared).map((r) => r.run_id);
  const artifacts = await options.readModel.queries.experimentArtifacts(experimentId);
  const size = await sizeOf(
    c,
    own.flatMap((id) => [objectKeys.runPrefix(id), objectKeys.analysisPrefix(analysisIdOf(options.projectId, id, 1))]),
    artifacts.map((a) => a.key),
  );
  return remove(c, 'deleteExperiment', input, size, (idempotencyKey) => ({
    type: 'experiment.delete',
    subject: experimentId,
    data: { experimentId, name: definition.name, idempotencyKey },
  }));
}

export async function deleteDatasetVersion(input: DeleteInput, c: Context): Promise<ExpectedError | object> {
  const { id } = input;
  const version = await c.loaders.versions.load(id);
  if (!version || version.deleted) {
    return (await repeated(c, 'deleteDatasetVersion', input))
      ? gone(id)
      : notFoundError(`there is no dataset version '${id}'`, ['input', 'id']);
  }
  const using = (await c.options.readModel.queries.runsOnVersion(id)).filter((r) => !isTerminal(r.state as 'QUEUED'));
  if (using.length > 0) {
    return conflictError(
      `${using.length} unfinished runs use '${version.name}@${version.version}', e.g. '${using[0]!.id}'; cancel them first`,
      ['input', 'id'],
    );
  }
  const size = await sizeOf(c, [version.prefix]);
  return remove(c, 'deleteDatasetVersion', input, size, (idempotencyKey) => ({
    type: 'dataset.delete',
    subject: version.dataset_id,
    data: { versionId: id, name: version.name, idempotencyKey },
  }));
}
