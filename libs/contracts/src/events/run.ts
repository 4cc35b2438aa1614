import { z } from 'zod';
import { fingerprint } from '../checkpoint';
import { runFailure } from '../failure';
import { metricPoint } from '../metric-value';
import { runSpecSchema } from '../run-spec';
import { defineMessage } from './define';

const run = { runId: z.string() };
const withKey = { ...run, idempotencyKey: z.string().nullable() };
/** The attempt that a command is about, so that saying it twice, or late, does nothing more; older commands lack it. */
const attempt = z.number().int().positive().optional();

export const runCreate = defineMessage({
  type: 'run.create',
  aggregate: 'run',
  channel: 'commands',
  writer: 'gateway',
  readers: ['trainer'],
  description: 'Make one run outside any experiment; its dataset version exists.',
  schema: z.object({
    ...withKey,
    spec: runSpecSchema,
    specHash: z.string(),
    datasetVersionId: z.string(),
    priority: z.number().int(),
  }),
});
export const runCancel = defineMessage({
  type: 'run.cancel',
  aggregate: 'run',
  channel: 'commands',
  writer: 'gateway',
  readers: ['trainer'],
  description: 'End a run before it is done.',
  schema: z.object({ ...withKey, attempt }),
});
export const runRetry = defineMessage({
  type: 'run.retry',
  aggregate: 'run',
  channel: 'commands',
  writer: 'gateway',
  readers: ['trainer'],
  description: 'Start a failed or cancelled run again, from its last checkpoint, as a new attempt.',
  schema: z.object({ ...withKey, attempt }),
});
export const runDelete = defineMessage({
  type: 'run.delete',
  aggregate: 'run',
  channel: 'commands',
  writer: 'gateway',
  readers: ['trainer'],
  description: 'Remove a terminal run and its objects.',
  schema: z.object(withKey),
});
export const runQueued = defineMessage({
  type: 'run.queued',
  aggregate: 'run',
  channel: 'events',
  writer: 'trainer',
  readers: ['gateway'],
  description: 'A run exists (attempt 1) or is queued again (later attempts).',
  schema: z.object({
    ...run,
    spec: runSpecSchema,
    specHash: z.string(),
    datasetVersionId: z.string(),
    attempt: z.number().int(),
    priority: z.number().int(),
  }),
});
export const runClaimed = defineMessage({
  type: 'run.claimed',
  aggregate: 'run',
  channel: 'events',
  writer: 'runner',
  readers: ['gateway'],
  description: 'A runner owns the run from this term on.',
  schema: z.object({ ...run, owner: z.string(), attempt: z.number().int() }),
});
export const runStarted = defineMessage({
  type: 'run.started',
  aggregate: 'run',
  channel: 'events',
  writer: 'runner',
  readers: ['gateway'],
  description: 'The first step of this term begins.',
  schema: z.object({
    ...run,
    attempt: z.number().int(),
    fingerprint,
    totalSteps: z.number().int(),
    resumedFromStep: z.number().int().nullable(),
  }),
});
export const runCheckpointed = defineMessage({
  type: 'run.checkpointed',
  aggregate: 'run',
  channel: 'events',
  writer: 'runner',
  readers: ['gateway'],
  description: 'The head points at a new checkpoint.',
  schema: z.object({ ...run, step: z.number().int(), epoch: z.number(), prefix: z.string() }),
});
export const runCancelRequested = defineMessage({
  type: 'run.cancelRequested',
  aggregate: 'run',
  channel: 'events',
  writer: 'trainer',
  readers: ['gateway'],
  description: 'The cancel flag is in the head; the owner will see it.',
  schema: z.object({ ...run, attempt: z.number().int() }),
});
const terminal = { ...run, attempt: z.number().int(), finishedAt: z.string(), seconds: z.number().nullable() };
export const runSucceeded = defineMessage({
  type: 'run.succeeded',
  aggregate: 'run',
  channel: 'events',
  writer: 'runner',
  readers: ['gateway', 'trainer', 'analyzer'],
  description: 'Terminal: results are in the store under the head’s outcome.',
  schema: z.object({
    ...terminal,
    resultKey: z.string(),
    fingerprints: z.array(fingerprint),
    numericsChanged: z.boolean(),
  }),
});
export const runFailed = defineMessage({
  type: 'run.failed',
  aggregate: 'run',
  channel: 'events',
  writer: 'runner, trainer',
  readers: ['gateway', 'trainer', 'analyzer'],
  description: 'Terminal: the run ended without a result.',
  schema: z.object({ ...terminal, failure: runFailure }),
});
export const runCancelled = defineMessage({
  type: 'run.cancelled',
  aggregate: 'run',
  channel: 'events',
  writer: 'runner, trainer',
  readers: ['gateway', 'trainer', 'analyzer'],
  description: 'Terminal: somebody cancelled the run.',
  schema: z.object(terminal),
});
export const runRejected = defineMessage({
  type: 'run.rejected',
  aggregate: 'run',
  channel: 'events',
  writer: 'trainer',
  readers: ['gateway'],
  description: 'A run command could not be carried out.',
  schema: z.object({ ...run, command: z.string(), because: z.string(), idempotencyKey: z.string().nullable() }),
});
export const runDeleted = defineMessage({
  type: 'run.deleted',
  aggregate: 'run',
  channel: 'events',
  writer: 'trainer',
  readers: ['gateway', 'analyzer'],
  description: 'A run and its objects are gone.',
  schema: z.object(run),
});
export const runMetricPoints = defineMessage({
  type: 'run.metricPoints',
  aggregate: 'run',
  channel: 'metrics',
  writer: 'runner',
  readers: ['gateway'],
  description: 'A batch of points of live curves; the durable form is the chunk it came from.',
  schema: z.object({ ...run, points: z.array(metricPoint) }),
});
export const runProgress = defineMessage({
  type: 'run.progress',
  aggregate: 'run',
  channel: 'metrics',
  writer: 'runner',
  readers: ['gateway'],
  description: 'Steps done of steps to do, for progress bars.',
  schema: z.object({
    ...run,
    step: z.number().int(),
    totalSteps: z.number().int(),
    epoch: z.number(),
    examplesPerSecond: z.number(),
    etaSeconds: z.number().nullable(),
  }),
});
export const runLogLines = defineMessage({
  type: 'run.logLines',
  aggregate: 'run',
  channel: 'logs',
  writer: 'runner',
  readers: ['gateway'],
  description: 'Lines of a run’s log.',
  schema: z.object({ ...run, lines: z.array(z.object({ at: z.string(), level: z.string(), text: z.string() })) }),
});
