import { completeRunSpec, datasetRequest, identifyRun } from '@minvar/coordination';
import type { RunSpecInput } from '@minvar/contracts';
import type { Context } from '../context';
import { notFoundError } from '../errors';
import { accept, keyOf, send } from './accept';
import { knownVersions } from './known-versions';
import { specProblem } from './spec-problem';

interface Input {
  readonly spec: Record<string, unknown>;
  readonly idempotencyKey?: string | null;
}

/** Makes one run outside any experiment; equal specs are one run. Its dataset version must exist. */
export async function createRun({ spec: given, idempotencyKey }: Input, c: Context) {
  const { projectId, registries } = c.options;
  let spec;
  try {
    spec = completeRunSpec(given as unknown as RunSpecInput, registries);
  } catch (e) {
    return specProblem(e, ['input', 'spec']);
  }
  const wanted = datasetRequest(projectId, spec);
  const version = (await knownVersions(c))({ ...wanted, version: spec.data.version });
  if (!version) {
    const which = spec.data.version === null ? 'with these parameters' : `'${spec.data.version}'`;
    return notFoundError(
      `there is no version of dataset '${spec.data.name}' ${which}; make it with ingestDataset(name: "${spec.data.name}", parameters: ${JSON.stringify(wanted.parameters)}) first`,
      ['input', 'spec', 'data'],
    );
  }
  let identity;
  try {
    identity = identifyRun(projectId, spec, version, null);
  } catch (e) {
    return specProblem(e, ['input', 'spec']);
  }
  const { runId } = identity;
  const accepted = await accept(c, 'createRun', idempotencyKey, { spec: given }, runId);
  if ('__typename' in accepted) return accepted;
  const key = keyOf(idempotencyKey);
  const known = await c.loaders.runs.load(runId);
  if (!accepted.isRepeat && (known === null || idempotencyKey)) {
    const data = { ...identity, priority: 0, idempotencyKey: key };
    await send(
      c,
      { type: 'run.create', subject: runId, data },
      'createRun',
      idempotencyKey,
      key,
      { spec: given },
      runId,
    );
  }
  return { __typename: 'CreateRunPayload', run: await c.loaders.runs.clear(runId).load(runId) };
}
