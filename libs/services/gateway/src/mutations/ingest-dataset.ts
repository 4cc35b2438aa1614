import { ingestIdOf, objectKeys } from '@minvar/contracts';
import type { Parameters } from '@minvar/coordination';
import { fillParameters } from '@minvar/coordination';
import type { ObjectStore } from '@minvar/service-kit';
import type { Context } from '../context';
import { notFoundError, validationError } from '../errors';
import { accept, keyOf, send } from './accept';
import { specProblem, unknownName } from './spec-problem';

interface Input {
  readonly name: string;
  readonly parameters?: Record<string, unknown> | null;
  readonly source?: string | null;
  readonly idempotencyKey?: string | null;
}

async function isUpload(store: ObjectStore, id: string): Promise<boolean> {
  for await (const _ of store.list(objectKeys.upload(id), { limit: 1 })) return true;
  return false;
}

/** Asks for the version of a dataset that these parameters give. Making it twice makes it once. */
export async function ingestDataset(input: Input, c: Context) {
  const { projectId, registries, store } = c.options;
  const definition = Object.hasOwn(registries.datasets, input.name) ? registries.datasets[input.name]! : null;
  if (!definition) return unknownName('dataset', input.name, Object.keys(registries.datasets), ['input', 'name']);
  let parameters: Parameters;
  try {
    parameters = fillParameters(definition, (input.parameters ?? {}) as Parameters, 'parameters');
  } catch (e) {
    return specProblem(e, ['input']);
  }
  const source = input.source ?? null;
  if (source !== null && !/^[A-Za-z0-9_-]{1,100}$/.test(source)) {
    return validationError(
      `source: '${source.slice(0, 100)}' is not the id of an upload; paths and addresses are not taken`,
      ['input', 'source'],
    );
  }
  if (source !== null && !(await isUpload(store, source)))
    return notFoundError(`there is no upload '${source}'`, ['input', 'source']);
  const { idempotencyKey, ...args } = input;
  const ingestId = ingestIdOf(projectId, input.name, parameters, source);
  const accepted = await accept(c, 'ingestDataset', idempotencyKey, args, ingestId);
  if ('__typename' in accepted) return accepted;
  const key = keyOf(idempotencyKey);
  if (!accepted.isRepeat) {
    const data = { ingestId, name: input.name, parameters: { ...parameters }, source, idempotencyKey: key };
    await send(
      c,
      { type: 'dataset.ingest', subject: ingestId, data },
      'ingestDataset',
      idempotencyKey,
      key,
      args,
      ingestId,
    );
  }
  return { __typename: 'IngestDatasetPayload', dataset: input.name, ingestId };
}
