import { derivedId, experimentIdOf } from '@minvar/contracts';
import { expandExperiment } from '@minvar/coordination';
import type { Context } from '../context';
import { encodeCursor } from '../cursor';
import { experimentByName } from '../schema/experiment';
import { accept, keyOf, send } from './accept';
import { knownVersions } from './known-versions';
import { specProblem, unknownName } from './spec-problem';

interface Input {
  readonly name: string;
  readonly preset: string;
  readonly seeds?: number | null;
  readonly set?: readonly string[] | null;
  readonly fresh?: boolean | null;
  readonly priority?: number | null;
  readonly idempotencyKey?: string | null;
}

/** Checks a request against the registries and puts it on the log; the answer is the experiment as accepted. */
export async function runExperiment(input: Input, c: Context) {
  const { options } = c;
  const { projectId, registries } = options;
  const definition = experimentByName(input.name, options);
  if (!definition) return unknownName('experiment', input.name, Object.keys(options.experiments), ['input', 'name']);
  const { idempotencyKey, ...args } = input;
  const experimentId = experimentIdOf(projectId, definition.name);
  const key = keyOf(idempotencyKey);
  const request = {
    preset: input.preset,
    seeds: input.seeds ?? null,
    set: [...(input.set ?? [])],
    freshNonce: input.fresh ? derivedId('request', projectId, 'fresh', key) : null,
  };
  let expanded;
  try {
    expanded = expandExperiment(definition, { projectId, ...request }, registries, await knownVersions(c));
  } catch (e) {
    return specProblem(e, ['input']);
  }
  const { label, runs } = expanded;
  const accepted = await accept(c, 'runExperiment', idempotencyKey, args, experimentId);
  if ('__typename' in accepted) return accepted;
  if (!accepted.isRepeat) {
    const requestId = derivedId('request', projectId, key);
    const { preset: basePreset, ...rest } = request;
    const data = {
      requestId,
      experimentId,
      name: definition.name,
      preset: label,
      basePreset,
      ...rest,
      priority: input.priority ?? 0,
      idempotencyKey: key,
    };
    await send(
      c,
      { type: 'experiment.run', subject: experimentId, data },
      'runExperiment',
      idempotencyKey,
      key,
      args,
      experimentId,
    );
  }
  return {
    __typename: 'RunExperimentPayload',
    experiment: definition,
    preset: label,
    // From before the command: a subscription from here sees all that follows from it.
    cursor: encodeCursor({ vector: c.position, within: null }),
    runIds: runs.map((r) => r.runId),
  };
}
