import { z } from 'zod';
import { runSpecSchema } from './run-spec';

/** `runs/<id>/spec.json`: what a run is, written once before its head. */
export const runRecord = z.object({
  v: z.literal(1),
  projectId: z.string(),
  runId: z.string(),
  /** complete: every default filled in, the dataset's version named */
  spec: runSpecSchema,
  specHash: z.string(),
  datasetVersionId: z.string(),
});
export type RunRecord = z.infer<typeof runRecord>;
