import { z } from 'zod';
import { orReference } from '../reference';
import { defineMessage } from './define';

/** What was asked for. `preset` is the label: `quick`, or `quick+<8 hex>` when `--set` or `--seeds` changed it. */
export const experimentRequest = z.object({
  requestId: z.string(),
  experimentId: z.string(),
  name: z.string(),
  preset: z.string(),
  basePreset: z.string(),
  seeds: z.number().int().positive().nullable(),
  set: z.array(z.string()),
  /** makes ids of a repetition differ; null reuses equal runs */
  freshNonce: z.string().nullable(),
  priority: z.number().int(),
});
export type ExperimentRequest = z.infer<typeof experimentRequest>;

const at = { requestId: z.string(), experimentId: z.string(), name: z.string(), preset: z.string() };

export const experimentRun = defineMessage({
  type: 'experiment.run',
  aggregate: 'experiment',
  channel: 'commands',
  writer: 'gateway',
  readers: ['trainer'],
  description: 'Run an experiment at a preset.',
  schema: experimentRequest.extend({ idempotencyKey: z.string().nullable() }),
});
export const experimentDelete = defineMessage({
  type: 'experiment.delete',
  aggregate: 'experiment',
  channel: 'commands',
  writer: 'gateway',
  readers: ['trainer'],
  description: 'Remove an experiment’s results; runs that no other experiment uses go with it.',
  schema: z.object({ experimentId: z.string(), name: z.string(), idempotencyKey: z.string().nullable() }),
});
export const experimentAccepted = defineMessage({
  type: 'experiment.accepted',
  aggregate: 'experiment',
  channel: 'events',
  writer: 'trainer',
  readers: ['gateway', 'analyzer'],
  description: 'The trainer took the request; it may first wait for data.',
  schema: experimentRequest.extend({ waitingFor: z.array(z.object({ ingestId: z.string(), name: z.string() })) }),
});
export const experimentExpanded = defineMessage({
  type: 'experiment.expanded',
  aggregate: 'experiment',
  channel: 'events',
  writer: 'trainer',
  readers: ['gateway', 'analyzer'],
  description: 'The grid’s runs exist (an experiment that is all exact has none).',
  large: ['runs'],
  schema: z.object({
    ...at,
    runs: orReference(
      z.array(z.object({ runId: z.string(), cell: z.string(), method: z.string(), seed: z.number().int() })),
    ),
  }),
});
export const experimentFailed = defineMessage({
  type: 'experiment.failed',
  aggregate: 'experiment',
  channel: 'events',
  writer: 'trainer',
  readers: ['gateway', 'analyzer'],
  description: 'The experiment cannot go on: its data could not be made, or the request was invalid.',
  schema: z.object({ ...at, error: z.string() }),
});
export const experimentDeleted = defineMessage({
  type: 'experiment.deleted',
  aggregate: 'experiment',
  channel: 'events',
  writer: 'trainer',
  readers: ['gateway', 'analyzer'],
  description: 'Results of an experiment are gone.',
  large: ['removing'],
  schema: z.object({
    experimentId: z.string(),
    name: z.string(),
    /** its runs that were still at work, with their attempt: each goes when it has ended, whoever sees that */
    removing: orReference(z.array(z.object({ runId: z.string(), attempt: z.number().int().positive() }))).optional(),
  }),
});
