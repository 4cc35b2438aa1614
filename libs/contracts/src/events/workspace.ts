import { z } from 'zod';
import { defineMessage } from './define';

export const idempotencyKeyUsed = defineMessage({
  type: 'workspace.idempotencyKeyUsed',
  aggregate: 'workspace',
  channel: 'events',
  writer: 'gateway',
  readers: ['gateway'],
  description:
    'An idempotency key now stands for an entity; kept so that a rebuilt gateway still answers repeats alike.',
  schema: z.object({
    idempotencyKey: z.string(),
    mutation: z.string(),
    argumentsHash: z.string(),
    entityId: z.string(),
  }),
});
