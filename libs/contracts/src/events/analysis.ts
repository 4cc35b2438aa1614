import { z } from 'zod';
import { artifactRef, claimVerdict, comparison, failureSign, metricValue } from '../metric-value';
import { orReference } from '../reference';
import { defineMessage } from './define';

export const analysisAnalyse = defineMessage({
  type: 'analysis.analyse',
  aggregate: 'analysis',
  channel: 'commands',
  writer: 'gateway',
  readers: ['analyzer'],
  description: 'Analyse a succeeded run again.',
  schema: z.object({ runId: z.string(), idempotencyKey: z.string().nullable() }),
});
export const analysisCompleted = defineMessage({
  type: 'analysis.completed',
  aggregate: 'analysis',
  channel: 'events',
  writer: 'analyzer',
  readers: ['gateway', 'analyzer'],
  description: 'The record of a run’s measurements, folded over its stored arrays.',
  large: ['metrics'],
  schema: z.object({
    analysisId: z.string(),
    runId: z.string(),
    attempt: z.number().int(),
    metrics: orReference(z.array(metricValue)),
    signs: z.array(failureSign),
    artifacts: z.array(artifactRef),
  }),
});
export const analysisFailed = defineMessage({
  type: 'analysis.failed',
  aggregate: 'analysis',
  channel: 'events',
  writer: 'analyzer',
  readers: ['gateway', 'analyzer'],
  description: 'A run’s stored arrays could not be measured.',
  schema: z.object({ analysisId: z.string(), runId: z.string(), attempt: z.number().int(), error: z.string() }),
});
export const experimentJudged = defineMessage({
  type: 'experiment.judged',
  aggregate: 'analysis',
  channel: 'events',
  writer: 'analyzer',
  readers: ['gateway'],
  description: 'Every run of a preset is terminal and analysed: comparisons and one verdict a claim.',
  large: ['comparisons'],
  schema: z.object({
    requestId: z.string(),
    experimentId: z.string(),
    name: z.string(),
    preset: z.string(),
    comparisons: orReference(z.array(comparison)),
    verdicts: z.array(claimVerdict),
    artifacts: z.array(artifactRef),
  }),
});
