import { z } from 'zod';
import { canonicalJson, sha256Hex } from './canonical';

/** Prefixes of typed ids. `node(id)` finds the type from the id alone. */
export const idPrefixes = {
  run: 'run',
  experiment: 'exp',
  dataset: 'ds',
  datasetVersion: 'dsv',
  ingest: 'ing',
  analysis: 'ana',
  execution: 'exe',
  request: 'req',
} as const;

export type IdKind = keyof typeof idPrefixes;

const uuid8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/**
 * An id that follows from what it names: `<prefix>_<UUID version 8 of a SHA-256>` (RFC 9562, section 5.8).
 * Deriving twice gives the same id, which makes repeated commands harmless.
 */
export function derivedId(kind: IdKind, ...parts: readonly unknown[]): string {
  const hex = sha256Hex(canonicalJson([kind, ...parts]));
  const variant = ((parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16);
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  return `${idPrefixes[kind]}_${uuid}`;
}

/** The kind an id names, or null when it is not one of ours. */
export function idKind(id: string): IdKind | null {
  const [prefix, rest] = [id.slice(0, id.indexOf('_')), id.slice(id.indexOf('_') + 1)];
  if (!uuid8.test(rest)) return null;
  for (const [kind, p] of Object.entries(idPrefixes)) if (p === prefix) return kind as IdKind;
  return null;
}

/** A Zod schema for ids of one kind. */
export function idOf(kind: IdKind) {
  return z.string().refine((s) => idKind(s) === kind, {
    error: (i) => `'${String(i.input)}' is not a ${kind} id (expected ${idPrefixes[kind]}_<uuid>)`,
  });
}

export const localProject = 'local';

export const experimentIdOf = (projectId: string, name: string): string => derivedId('experiment', projectId, name);
export const datasetIdOf = (projectId: string, name: string): string => derivedId('dataset', projectId, name);
/** A version's id follows from its content: identical content is the same version. */
export const datasetVersionIdOf = (projectId: string, name: string, contentSha256: string): string =>
  derivedId('datasetVersion', projectId, name, contentSha256);
/** A run's id: equal specs (dataset version included) are equal runs, unless a fresh nonce asks for another. */
export const runIdOf = (projectId: string, specHash: string, freshNonce: string | null): string =>
  derivedId('run', projectId, specHash, freshNonce);
export const analysisIdOf = (projectId: string, runId: string, attempt: number): string =>
  derivedId('analysis', projectId, runId, attempt);
/** The ingest of a definition with parameters; an upload's id takes part when one is the source. */
export const ingestIdOf = (projectId: string, name: string, parameters: unknown, source: string | null): string =>
  derivedId('ingest', projectId, name, parameters, source);
