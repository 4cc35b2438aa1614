import { z } from 'zod';
import { artifactRef, claimVerdict, comparison, failureSign, metricValue } from './metric-value';

/** `analyses/<analysisId>/manifest.json` of a run: the whole record of its measurements, written after its tables. */
export const runAnalysis = z.object({
  v: z.literal(1),
  kind: z.literal('run'),
  projectId: z.string(),
  analysisId: z.string(),
  runId: z.string(),
  attempt: z.number().int(),
  specHash: z.string(),
  datasetVersionId: z.string(),
  /** names of the classes, as `perClass` counts them */
  classes: z.array(z.string()),
  /** examples of the splits that were measured */
  splits: z.array(z.object({ name: z.string(), examples: z.number().int() })),
  metrics: z.array(metricValue),
  signs: z.array(failureSign),
  artifacts: z.array(artifactRef),
});
export type RunAnalysis = z.infer<typeof runAnalysis>;

/** `analyses/<analysisId>/manifest.json` of an experiment's preset: the judgement, and the runs it stands on. */
export const experimentAnalysis = z.object({
  v: z.literal(1),
  kind: z.literal('experiment'),
  projectId: z.string(),
  analysisId: z.string(),
  requestId: z.string(),
  experimentId: z.string(),
  name: z.string(),
  preset: z.string(),
  runs: z.array(
    z.object({
      runId: z.string(),
      cell: z.string(),
      seed: z.number().int(),
      attempt: z.number().int(),
      /** how it ended, and whether its analysis counts */
      state: z.enum(['SUCCEEDED', 'FAILED', 'CANCELLED']),
      counted: z.boolean(),
    }),
  ),
  comparisons: z.array(comparison),
  verdicts: z.array(claimVerdict),
  /** signs that show only beside other runs: `worse-than-erm`, with condition and arm */
  signs: z.array(failureSign.extend({ condition: z.string(), arm: z.string() })),
  artifacts: z.array(artifactRef),
});
export type ExperimentAnalysis = z.infer<typeof experimentAnalysis>;
