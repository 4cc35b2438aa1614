export interface TensorFlowSettings {
  /** Threads that share one operation; part of what decides bits. */
  readonly intraOpThreads: number;
  /** Operations that run side by side. */
  readonly interOpThreads: number;
  /** Ask for kernels that give the same bits again; on the CPU they do so by themselves. */
  readonly deterministic: boolean;
}

/**
 * Environment variables with which a process that loads TensorFlow is to be started: the library reads them once, when it is
 * loaded, and there are no session options.
 */
export function tensorflowEnvironment({
  intraOpThreads,
  interOpThreads,
  deterministic,
}: TensorFlowSettings): Readonly<Record<string, string>> {
  for (const [name, n] of Object.entries({ intraOpThreads, interOpThreads })) {
    if (!Number.isInteger(n) || n < 1) throw new Error(`${name} is ${n}; it should be 1, 2, …`);
  }
  return {
    TF_NUM_INTRAOP_THREADS: String(intraOpThreads),
    TF_NUM_INTEROP_THREADS: String(interOpThreads),
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    // Information and warnings would clutter the run's log. Two lines about oneDNN come all the same: they are written
    // before the library looks at this.
    TF_CPP_MIN_LOG_LEVEL: '2',
    ...(deterministic ? { TF_DETERMINISTIC_OPS: '1' } : {}),
  };
}
