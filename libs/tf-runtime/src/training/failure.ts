import type { FailureKind, RunFailure } from '@minvar/contracts';

export interface TrainingError extends Error {
  readonly failure: RunFailure;
}

/** An error that ends a run with this failure. `message` names the wrong value, where it came from and what to do. */
export function trainingError(kind: FailureKind, message: string, cause?: unknown): TrainingError {
  return Object.assign(new Error(message, { cause }), { failure: { kind, message } });
}

/** What an error means for the run: its own failure, memory that ran out, or else the infrastructure's fault. */
export function failureOf(error: unknown): RunFailure {
  if (error instanceof Error && 'failure' in error) return (error as TrainingError).failure;
  const message = error instanceof Error ? error.message : String(error);
  const memory = /OOM when allocating|Resource exhausted|RESOURCE_EXHAUSTED|Array buffer allocation failed|ENOMEM/.test(
    message,
  );
  return memory
    ? { kind: 'OUT_OF_MEMORY', message: `${message}; lower batchSize or model.width` }
    : { kind: 'INFRASTRUCTURE', message };
}
