import { randomUUID } from 'node:crypto';
import { canonicalJson, sha256Hex } from '@minvar/contracts';
import type { AnyEnvelope, EnvelopeOf, MessageData, MessageType } from '@minvar/contracts';
import { StorageFullError, encodeEvent } from '@minvar/service-kit';
import { GraphQLError } from 'graphql';
import type { Context } from '../context';
import type { ExpectedError } from '../errors';
import { conflictError } from '../errors';

/** Longest wait until the read model shows an accepted command. */
const visibleWithinMs = 10_000;

export interface Accepted {
  /** the key was used before, and what it stands for is in the log */
  readonly isRepeat: boolean;
}

/** The client's key, or one for this call: everything random in a mutation follows from it, so that a repeat derives the same ids. */
export const keyOf = (idempotencyKey: string | null | undefined): string => idempotencyKey ?? randomUUID();

/** Gives the client's key back: nothing was sent under it. */
export async function refuse(
  { options }: Context,
  idempotencyKey: string | null | undefined,
  error: ExpectedError,
): Promise<ExpectedError> {
  if (idempotencyKey) await options.readModel.queries.release(idempotencyKey);
  return error;
}

/**
 * Reserves the client's key for `entityId`. The same key with the same arguments is a repeat; with others, or for another
 * mutation, it is a `ConflictError`.
 */
export async function accept(
  { options: { readModel } }: Context,
  mutation: string,
  idempotencyKey: string | null | undefined,
  args: unknown,
  entityId: string,
): Promise<Accepted | ExpectedError> {
  if (idempotencyKey === null || idempotencyKey === undefined) return { isRepeat: false };
  if (idempotencyKey.length < 1 || idempotencyKey.length > 200) {
    return conflictError('idempotencyKey: it has 1 to 200 characters', ['input', 'idempotencyKey']);
  }
  const argumentsHash = sha256Hex(canonicalJson(args));
  const { reservation, isDurable } = await readModel.queries.reserve({
    key: idempotencyKey,
    mutation,
    arguments_hash: argumentsHash,
    entity_id: entityId,
  });
  if (reservation.mutation !== mutation || reservation.arguments_hash !== argumentsHash) {
    return conflictError(
      `idempotencyKey: '${idempotencyKey}' was used for ${reservation.mutation} with other arguments; take a new key`,
      ['input', 'idempotencyKey'],
    );
  }
  return { isRepeat: isDurable };
}

export interface Command<T extends MessageType> {
  readonly type: T;
  readonly subject: string;
  readonly data: MessageData<T>;
}

/**
 * Puts a command on the log, and the use of the client's key behind it; resolves when both are durable and the read model
 * shows them, so that the next query finds what was accepted.
 */
export async function send<T extends MessageType>(
  { options, now }: Context,
  command: Command<T>,
  mutation: string,
  given: string | null | undefined,
  key: string,
  args: unknown,
  entityId: string,
): Promise<void> {
  const common = {
    source: 'gateway',
    time: now().toISOString(),
    projectId: options.projectId,
    term: null,
    traceparent: null,
  };
  const id = `gateway:${mutation}:${key}`;
  const envelopes = [
    { ...common, id, type: command.type, subject: command.subject, data: command.data } as unknown as AnyEnvelope,
  ];
  if (given !== null && given !== undefined) {
    const used: EnvelopeOf<'workspace.idempotencyKeyUsed'> = {
      ...common,
      id: `${id}:key`,
      type: 'workspace.idempotencyKeyUsed',
      subject: key,
      data: { idempotencyKey: key, mutation, argumentsHash: sha256Hex(canonicalJson(args)), entityId },
    };
    envelopes.push(used);
  }
  let positions;
  try {
    positions = await options.log.append(envelopes.map(encodeEvent));
  } catch (e) {
    if (e instanceof StorageFullError)
      throw tryAgain('STORAGE_FULL', `nothing was accepted: no space left in ${e.where}; free some, then ask again`);
    throw e;
  }
  try {
    await options.readModel.reached(positions, visibleWithinMs);
  } catch {
    throw tryAgain(
      'READ_MODEL_BEHIND',
      'accepted, but the tables that answers are read from lag behind; ask again, with the same idempotencyKey',
    );
  }
}

/** The gateway's own state, not the request, is in the way. */
const tryAgain = (code: string, message: string): GraphQLError => new GraphQLError(message, { extensions: { code } });
