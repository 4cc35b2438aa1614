import { z } from 'zod';
import { datasetManifest } from '../dataset';
import { orReference } from '../reference';
import { defineMessage } from './define';

const parameters = z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()]));

export const datasetIngest = defineMessage({
  type: 'dataset.ingest',
  aggregate: 'dataset',
  channel: 'commands',
  writer: 'gateway, trainer',
  readers: ['data-ingest'],
  description: 'Make the version of a dataset that these parameters give.',
  schema: z.object({
    ingestId: z.string(),
    name: z.string(),
    parameters,
    source: z.string().nullable(),
    idempotencyKey: z.string().nullable(),
  }),
});
export const datasetDelete = defineMessage({
  type: 'dataset.delete',
  aggregate: 'dataset',
  channel: 'commands',
  writer: 'gateway',
  readers: ['data-ingest'],
  description: 'Remove a dataset version and its objects.',
  schema: z.object({ versionId: z.string(), name: z.string(), idempotencyKey: z.string().nullable() }),
});
export const datasetIngestProgress = defineMessage({
  type: 'dataset.ingestProgress',
  aggregate: 'dataset',
  channel: 'events',
  writer: 'data-ingest',
  readers: ['gateway'],
  description: 'How far an ingest has come.',
  schema: z.object({
    ingestId: z.string(),
    name: z.string(),
    phase: z.string(),
    doneBytes: z.number(),
    totalBytes: z.number().nullable(),
  }),
});
export const datasetVersionCreated = defineMessage({
  type: 'dataset.versionCreated',
  aggregate: 'dataset',
  channel: 'events',
  writer: 'data-ingest',
  readers: ['trainer', 'analyzer', 'gateway'],
  description: 'A version exists: its manifest and all its arrays are in the object store.',
  large: ['manifest'],
  schema: z.object({
    ingestId: z.string(),
    name: z.string(),
    parameters,
    prefix: z.string(),
    manifest: orReference(datasetManifest),
  }),
});
export const datasetIngestFailed = defineMessage({
  type: 'dataset.ingestFailed',
  aggregate: 'dataset',
  channel: 'events',
  writer: 'data-ingest',
  readers: ['trainer', 'gateway'],
  description: 'An ingest ended without a version; nothing was left behind.',
  schema: z.object({ ingestId: z.string(), name: z.string(), parameters, error: z.string() }),
});
export const datasetVersionDeleted = defineMessage({
  type: 'dataset.versionDeleted',
  aggregate: 'dataset',
  channel: 'events',
  writer: 'data-ingest',
  readers: ['trainer', 'analyzer', 'gateway'],
  description: 'A version is gone.',
  schema: z.object({ versionId: z.string(), name: z.string() }),
});
