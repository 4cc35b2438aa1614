import { z } from 'zod';
import { runFailure } from './failure';
import { idOf } from './ids';

export const runState = z.enum(['QUEUED', 'CLAIMED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED']);
export type RunState = z.infer<typeof runState>;

export const terminalStates: readonly RunState[] = ['SUCCEEDED', 'FAILED', 'CANCELLED'];
export const isTerminal = (s: RunState): boolean => terminalStates.includes(s);

export const checkpointPointer = z.object({
  /** key prefix `runs/<id>/checkpoints/<term>-<step>/` */
  prefix: z.string(),
  term: z.number().int(),
  step: z.number().int(),
  epoch: z.number(),
  manifestSha256: z.string(),
});
export type CheckpointPointer = z.infer<typeof checkpointPointer>;

export const runOutcome = z.object({
  state: z.enum(['SUCCEEDED', 'FAILED', 'CANCELLED']),
  failure: runFailure.nullable(),
  /** key of the result manifest (`runs/<id>/results/<term>.json`), null unless succeeded */
  resultKey: z.string().nullable(),
  seconds: z.number().nullable(),
});
export type RunOutcome = z.infer<typeof runOutcome>;

/**
 * `runs/<id>/head.json`: the one object that says who owns a run and how it stands. Every change is a compare-and-swap.
 * `nonce` and `counter` make each body unique, because etags hash the content.
 */
export const runHead = z.object({
  v: z.literal(1),
  projectId: z.string(),
  runId: idOf('run'),
  specHash: z.string(),
  state: runState,
  attempt: z.number().int().min(1),
  term: z.number().int().min(0),
  owner: z.string().nullable(),
  checkpoint: checkpointPointer.nullable(),
  /** the checkpoint before, used when the newest one turns out torn */
  previousCheckpoint: checkpointPointer.nullable(),
  cancelRequested: z.boolean(),
  outcome: runOutcome.nullable(),
  priority: z.number().int(),
  /** key of the queue's fair share: the experiment and preset that asked first, or the run itself */
  shareKey: z.string(),
  queuedAt: z.string(),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  /** automatic restarts of this attempt, so that a crash loop ends */
  restarts: z.number().int(),
  /** ids of the commands and requests that attempts were made for, so that one said again asks for no other; older heads lack it */
  asks: z.array(z.string()).optional(),
  counter: z.number().int(),
  nonce: z.string(),
});
export type RunHead = z.infer<typeof runHead>;

/** `leases/<name>/head.json`. */
export const leaseHead = z.object({
  v: z.literal(1),
  name: z.string(),
  term: z.number().int(),
  owner: z.string().nullable(),
  counter: z.number().int(),
  nonce: z.string(),
});
export type LeaseHead = z.infer<typeof leaseHead>;
