import type { FailureKind, RunFailure } from '@minvar/contracts';

/** An error of TensorFlow with what it means for a run. */
export interface TensorFlowError extends Error {
  readonly failure: RunFailure;
}

export function tensorFlowError(kind: FailureKind, message: string, cause?: unknown): TensorFlowError {
  const error = new Error(message, { cause });
  return Object.assign(error, { name: 'TensorFlowError', failure: { kind, message } });
}

const kinds: readonly (readonly [RegExp, FailureKind, string])[] = [
  [
    /OOM when allocating|RESOURCE_EXHAUSTED|Resource exhausted|Array buffer allocation failed/,
    'OUT_OF_MEMORY',
    'lower the batch size or the width',
  ],
  [/No such file|NOT_FOUND.*(?:file|path)|failed to open/i, 'BAD_DATA', 'check the path that was fed'],
  [
    /does not divide|out of (?:range|bounds)|not in \[0,|is not compatible with expected shape|Input to reshape|Expected begin|Expected size|must be (?:a )?multiple/i,
    'BAD_DATA',
    'the data does not fit the graph',
  ],
  [
    /Failed to load SavedModel|No OpKernel|not registered|AttrValue|Input op name|Invalid argument|INVALID_ARGUMENT|Incompatible shapes|incompatible/i,
    'BAD_SPEC',
    'the graph is wrong',
  ],
];

/** TensorFlow's message put in its place: which signature failed, what kind of failure it is, the first line that says why. */
export function classify(where: string, cause: unknown): TensorFlowError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const [, kind, hint] = kinds.find(([pattern]) => pattern.test(text)) ?? [null, 'INFRASTRUCTURE' as const, null];
  const reason = text
    .split('\n')
    .filter((line) => !line.startsWith('Hint'))
    .slice(0, 3)
    .map((line) => line.trim())
    .join(' ')
    .slice(0, 1500);
  return tensorFlowError(kind, `${where}: ${reason}${hint ? ` (${hint})` : ''}`, cause);
}
