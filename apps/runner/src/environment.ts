import { availableParallelism } from 'node:os';
import { z } from 'zod';

const threads = z.coerce.number().int().min(1).default(availableParallelism());

const variables = z.object({
  TF_NUM_INTRAOP_THREADS: threads,
  TF_NUM_INTEROP_THREADS: threads,
  TF_DETERMINISTIC_OPS: z.string().default('0'),
});

export interface ChildEnvironment {
  /** threads of one operation, as TensorFlow reads them when it is loaded */
  readonly intraOpThreads: number;
  /** operations at a time */
  readonly interOpThreads: number;
  readonly deterministic: boolean;
}

/** What the supervisor set for the TensorFlow child (`tensorflowEnvironment` of libs/tf-runtime). Throws naming every bad variable. */
export function childEnvironment(env: NodeJS.ProcessEnv = process.env): ChildEnvironment {
  const parsed = variables.safeParse(env);
  if (!parsed.success) {
    throw new Error(
      parsed.error.issues.map((i) => `${i.path.join('.')} is '${env[String(i.path[0])]}': ${i.message}`).join('; '),
    );
  }
  const { TF_NUM_INTRAOP_THREADS, TF_NUM_INTEROP_THREADS, TF_DETERMINISTIC_OPS } = parsed.data;
  return {
    intraOpThreads: TF_NUM_INTRAOP_THREADS,
    interOpThreads: TF_NUM_INTEROP_THREADS,
    deterministic: ['1', 'true'].includes(TF_DETERMINISTIC_OPS.toLowerCase()),
  };
}
