import type { Machine } from './machine';
import { machineHere } from './machine';

export interface TensorFlowSettings {
  /** Threads that share one operation; part of what decides bits. */
  readonly intraOpThreads: number;
  /** Operations that run side by side. */
  readonly interOpThreads: number;
  /**
   * Ask for kernels that give the same bits again. On a CPU they do so by themselves; on a GPU they are asked for whatever is said here,
   * because a run that goes on from its checkpoint promises the bits of one that was never interrupted.
   */
  readonly deterministic: boolean;
}

/**
 * How a process uses that many threads: all of them share each operation, and two operations run side by side, so that what one leaves
 * idle (a gradient of few large channels, small operations of the optimizer) another takes. Bits do not depend on the order of operations.
 */
export const threadSettings = (threads: number): Pick<TensorFlowSettings, 'intraOpThreads' | 'interOpThreads'> => ({
  intraOpThreads: threads,
  interOpThreads: Math.min(2, threads),
});

/**
 * Environment variables with which a process that loads TensorFlow is to be started, for what the machine has: the library reads them
 * once, when it is loaded, and there are no session options.
 */
export function tensorflowEnvironment(
  { intraOpThreads, interOpThreads, deterministic }: TensorFlowSettings,
  { gpu }: Machine = machineHere(),
): Readonly<Record<string, string>> {
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
    // Huge pages for large tensors (glibc; others ignore it): a third of the page faults of a step.
    GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
    ...(deterministic || gpu ? { TF_DETERMINISTIC_OPS: '1' } : {}),
    // fp32 means float32: measurements and resumed runs must not depend on a card's shorter products. Speed is what bf16 is for.
    ...(gpu ? { NVIDIA_TF32_OVERRIDE: '0', XLA_FLAGS: xlaFlags(gpu.cudaDataDir) } : {}),
  };
}

/**
 * What XLA is told on a GPU: kernels that give the same bits again, which implies that none is chosen by trying it out; products by cuBLAS,
 * which heeds the word about float32; and where CUDA's compiler lies. A flag that XLA does not know ends the process.
 */
const xlaFlags = (cudaDataDir: string | null): string =>
  [
    '--xla_gpu_deterministic_ops=true',
    '--xla_gpu_enable_triton_gemm=false',
    ...(cudaDataDir ? [`--xla_gpu_cuda_data_dir=${cudaDataDir}`] : []),
  ].join(' ');
