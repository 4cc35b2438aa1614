import { z } from 'zod';

/** What decides bits besides the spec. Equal fingerprints promise equal bits; another one resumes too, marked `numerics-changed`. */
export const fingerprint = z.object({
  tensorflow: z.string(),
  build: z.string(),
  device: z.enum(['cpu', 'gpu']),
  deviceName: z.string(),
  instructionSet: z.string(),
  intraOpThreads: z.number().int(),
  interOpThreads: z.number().int(),
  deterministic: z.boolean(),
});
export type Fingerprint = z.infer<typeof fingerprint>;

export const storedFile = z.object({ name: z.string(), sizeBytes: z.number().int(), sha256: z.string() });
export type StoredFile = z.infer<typeof storedFile>;

export const chunkRef = z.object({ key: z.string(), sha256: z.string(), points: z.number().int() });
export type ChunkRef = z.infer<typeof chunkRef>;

export const storedObject = z.object({ key: z.string(), sha256: z.string(), sizeBytes: z.number().int() });
export type StoredObjectRef = z.infer<typeof storedObject>;

/** Normalisation statistics of a forward pass: as training left them, or re-estimated on unmixed training data. */
export const passStatistics = z.enum(['as-trained', 're-estimated']);
export type PassStatistics = z.infer<typeof passStatistics>;

/** What the names of stages' arrays begin with, in stored passes and in those of the training child. */
export const stagePrefix = 'stage-';

/** A stored forward pass over a split: one entry an (epoch, split, statistics). */
export const storedOutput = z.object({
  epoch: z.number().int(),
  split: z.string(),
  examples: z.number().int(),
  /** without it: as trained */
  statistics: passStatistics.optional(),
  /**
   * name → key of a .npy: logits n×K, activations n×D (penultimate), labels n, attributes n, stage-<name> n×C (mean over positions),
   * last-layer K×D (weights at that epoch, on one of its entries at least). A re-estimated pass may leave labels and attributes to the as-trained one.
   */
  arrays: z.record(z.string(), storedObject),
});
export type StoredOutput = z.infer<typeof storedOutput>;

/**
 * `runs/<id>/checkpoints/<term>-<step>/manifest.json`, written after its files. `model.safetensors` holds parameters and
 * normalisation statistics under torchvision-style names, `optimizer.safetensors` the moments.
 */
export const checkpointManifest = z.object({
  v: z.literal(1),
  runId: z.string(),
  specHash: z.string(),
  term: z.number().int(),
  /** optimisation steps done */
  step: z.number().int(),
  /** whole epochs done, and steps done within the current one */
  epoch: z.number().int(),
  epochStep: z.number().int(),
  files: z.array(storedFile),
  fingerprint,
  /** every fingerprint that computed a part of this state, oldest first */
  history: z.array(fingerprint),
  random: z.object({ seed: z.number().int(), scheme: z.literal('philox4x32-10/v1') }),
  /** host-side sums of the unfinished epoch (training loss, correct predictions), float64 as numbers */
  carry: z.record(z.string(), z.number()),
  /** chunks of the metric series up to this point, oldest first */
  chunks: z.array(chunkRef),
  /** forward passes stored at declared epochs up to this point, in order */
  outputs: z.array(storedOutput).default([]),
});
export type CheckpointManifest = z.infer<typeof checkpointManifest>;

/** `runs/<id>/results/<term>.json`: what a finished run left behind; referenced by the head's outcome. */
export const runResult = z.object({
  v: z.literal(1),
  runId: z.string(),
  specHash: z.string(),
  datasetVersionId: z.string(),
  fingerprints: z.array(fingerprint),
  numericsChanged: z.boolean(),
  seconds: z.number(),
  steps: z.number().int(),
  chunks: z.array(chunkRef),
  /** final parameters (safetensors) */
  weights: storedObject,
  /**
   * SHA-256 of the whole final state: the bytes of the weights' file, then those of the optimizer's as its checkpoint would hold them. Equal
   * specs on equal fingerprints give equal ones, however often a run was interrupted; older results lack it.
   */
  stateSha256: z.string().optional(),
  outputs: z.array(storedOutput),
});
export type RunResult = z.infer<typeof runResult>;
