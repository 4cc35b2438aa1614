import { z } from 'zod';
import { nonFiniteName } from './numbers';

export const groupValue = z.object({ group: z.string(), count: z.number().int(), value: z.number().nullable() });

/** One measured number of a run. `epoch` counts finished epochs; `selection` names the rule that chose it. */
export const metricValue = z.object({
  name: z.string(),
  variant: z.string().nullable(),
  split: z.string(),
  epoch: z.number(),
  selection: z.string(),
  value: z.number().nullable(),
  nonFinite: nonFiniteName.nullable(),
  perClass: z.array(z.number().nullable()).nullable(),
  perGroup: z.array(groupValue).nullable(),
});
export type MetricValue = z.infer<typeof metricValue>;

/** A point of a live or stored series; x is the epoch, fractional within one. */
export const metricPoint = z.object({
  metric: z.string(),
  variant: z.string().nullable(),
  split: z.string(),
  class: z.string().nullable(),
  group: z.string().nullable(),
  step: z.number(),
  value: z.number().nullable(),
  nonFinite: nonFiniteName.nullable(),
});
export type MetricPoint = z.infer<typeof metricPoint>;

export const failureSign = z.object({ name: z.string(), epoch: z.number().nullable(), because: z.string() });
export type FailureSign = z.infer<typeof failureSign>;

export const verdict = z.enum(['SUPPORTED', 'CONTRADICTED', 'NOT_DISTINGUISHABLE', 'DIRECTION_ONLY', 'NOT_RUN']);
export type Verdict = z.infer<typeof verdict>;

export const comparison = z.object({
  claim: z.string().nullable(),
  primary: z.boolean(),
  smallestEffect: z.number().nullable(),
  selection: z.string(),
  testSetLow: z.number().nullable(),
  testSetHigh: z.number().nullable(),
  metric: z.string(),
  variant: z.string().nullable(),
  split: z.string(),
  condition: z.string(),
  a: z.string(),
  b: z.string(),
  seeds: z.number().int(),
  meanA: z.number().nullable(),
  meanB: z.number().nullable(),
  difference: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  test: z.string(),
  p: z.number().nullable(),
  pAdjusted: z.number().nullable(),
});
export type Comparison = z.infer<typeof comparison>;

export const claimVerdict = z.object({ claim: z.string(), verdict, because: z.string() });
export type ClaimVerdict = z.infer<typeof claimVerdict>;

/** An object of the store that people may open: by key here, by link at the gateway. */
export const artifactRef = z.object({
  name: z.string(),
  kind: z.string(),
  mediaType: z.string(),
  key: z.string(),
  sizeBytes: z.number().int(),
  sha256: z.string(),
});
export type ArtifactRef = z.infer<typeof artifactRef>;
