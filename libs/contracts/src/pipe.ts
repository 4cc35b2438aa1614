import { z } from 'zod';
import { checkpointManifest, fingerprint, passStatistics, storedFile } from './checkpoint';
import { datasetManifest } from './dataset';
import { runFailure } from './failure';
import { metricPoint } from './metric-value';
import { runSpecSchema } from './run-spec';

/**
 * Messages between a runner's supervisor and its TensorFlow child, over the child's IPC channel. One child works through
 * the runs of an execution one after the other; tensors stay in files of the scratch folder, only paths cross.
 */
export const toChild = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('start'),
    runId: z.string(),
    spec: runSpecSchema,
    manifest: datasetManifest,
    /** folder that holds the manifest's arrays under their own paths */
    dataDir: z.string(),
    scratchDir: z.string(),
    /** safetensors to start from (`spec.init.from` made local) */
    initFile: z.string().nullable(),
    resume: z.object({ dir: z.string(), manifest: checkpointManifest }).nullable(),
    /** longest time between two checkpoints, for epochs that take longer; default 300. Changes no bits. */
    checkpointSeconds: z.number().min(0).optional(),
  }),
  /** checkpoint now, answer `interrupted`, start nothing else */
  z.object({ kind: z.literal('stop') }),
  /** drop the run without a checkpoint */
  z.object({ kind: z.literal('abandon'), runId: z.string() }),
]);
export type ToChild = z.infer<typeof toChild>;

/** A stored forward pass over a split. */
export const childOutput = z.object({
  epoch: z.number().int(),
  split: z.string(),
  examples: z.number().int(),
  statistics: passStatistics,
  /** as `storedOutput` names them → absolute path of a .npy */
  arrays: z.record(z.string(), z.string()),
});
export type ChildOutput = z.infer<typeof childOutput>;

export const fromChild = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready'), fingerprint }),
  z.object({ kind: z.literal('started'), runId: z.string(), totalSteps: z.number().int() }),
  z.object({
    kind: z.literal('progress'),
    runId: z.string(),
    step: z.number().int(),
    totalSteps: z.number().int(),
    epoch: z.number(),
    examplesPerSecond: z.number(),
  }),
  z.object({ kind: z.literal('points'), runId: z.string(), points: z.array(metricPoint) }),
  z.object({
    kind: z.literal('log'),
    runId: z.string().nullable(),
    level: z.enum(['debug', 'info', 'warn', 'error']),
    text: z.string(),
  }),
  /** a batch of a long evaluation is done: the child is alive, though no step is */
  z.object({ kind: z.literal('evaluating'), runId: z.string() }),
  /** a forward pass at a declared epoch, or the last one, is complete on disk */
  z.object({ kind: z.literal('output'), runId: z.string(), output: childOutput }),
  /** files are complete in `dir`; points and outputs sent before this message belong to it */
  z.object({
    kind: z.literal('checkpoint'),
    runId: z.string(),
    dir: z.string(),
    step: z.number().int(),
    epoch: z.number().int(),
    epochStep: z.number().int(),
    files: z.array(storedFile),
    carry: z.record(z.string(), z.number()),
  }),
  z.object({
    kind: z.literal('finished'),
    runId: z.string(),
    steps: z.number().int(),
    seconds: z.number(),
    weights: z.string(),
    /** see `runResult` */
    stateSha256: z.string(),
  }),
  z.object({ kind: z.literal('interrupted'), runId: z.string() }),
  z.object({ kind: z.literal('failed'), runId: z.string(), failure: runFailure }),
]);
export type FromChild = z.infer<typeof fromChild>;

/** An execution: one or more runs that share a lease, a child and a slot; the unit that executors start. */
export const execution = z.object({
  executionId: z.string(),
  projectId: z.string(),
  attempt: z.number().int(),
  runs: z.array(z.object({ runId: z.string() })).min(1),
});
export type Execution = z.infer<typeof execution>;

/** Environment variable that carries an execution to its runner, as JSON. */
export const executionVariable = 'MINVAR_EXECUTION';

/** Reads what `executionVariable` holds; throws naming what is wrong. */
export function parseExecution(text: string): Execution {
  try {
    return execution.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${executionVariable} holds no execution: ${(cause as Error).message}`, { cause });
  }
}
