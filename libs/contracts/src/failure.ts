import { z } from 'zod';

export const failureKind = z.enum([
  'BAD_SPEC',
  'BAD_DATA',
  'OUT_OF_MEMORY',
  'NON_FINITE',
  'HUNG',
  'UNSCHEDULABLE',
  'IMAGE',
  'INFRASTRUCTURE',
]);
export type FailureKind = z.infer<typeof failureKind>;

export const runFailure = z.object({ kind: failureKind, message: z.string() });
export type RunFailure = z.infer<typeof runFailure>;

/**
 * The one table of exit codes, used by the training child, its supervisor and the Kubernetes pod failure policy.
 * Codes below 40 are left to Node, which exits with some of them by itself (13: an unsettled top-level await).
 * `retry`: whether the executor may start the execution again without being asked.
 */
export const exitCodes = {
  done: { code: 0, failure: null, retry: false },
  badSpec: { code: 40, failure: 'BAD_SPEC', retry: false },
  badData: { code: 41, failure: 'BAD_DATA', retry: false },
  nonFinite: { code: 42, failure: 'NON_FINITE', retry: false },
  outOfMemory: { code: 43, failure: 'OUT_OF_MEMORY', retry: false },
  hung: { code: 44, failure: 'HUNG', retry: true },
  infrastructure: { code: 45, failure: 'INFRASTRUCTURE', retry: true },
  /** another owner holds the head: nothing to do here */
  lostOwnership: { code: 50, failure: null, retry: false },
  /** stopped by a signal after a checkpoint: resumable */
  interrupted: { code: 51, failure: null, retry: true },
} as const satisfies Record<string, { code: number; failure: FailureKind | null; retry: boolean }>;

export type ExitName = keyof typeof exitCodes;

/** What an exit means; a death by signal or an unknown code counts as infrastructure and may be tried again. */
export function classifyExit(
  code: number | null,
  signal: string | null,
): { name: ExitName; failure: FailureKind | null; retry: boolean } {
  for (const [name, entry] of Object.entries(exitCodes)) {
    if (signal === null && entry.code === code)
      return { name: name as ExitName, failure: entry.failure, retry: entry.retry };
  }
  return { name: 'infrastructure', failure: 'INFRASTRUCTURE', retry: true };
}
