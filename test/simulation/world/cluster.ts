import type { Execution } from '@minvar/contracts';
import type { ExecutionExit, Executor, RunningExecution } from '@minvar/service-kit';
import { NoCapacityError } from '@minvar/service-kit';
import type { Process, Scheduler } from './scheduler';

interface Job {
  readonly execution: Execution;
  readonly process: Process;
  readonly startedAt: Date;
}

/** Who runs executions: one pool that all trainers ask, as Kubernetes is. It tells of ends once, to those who listen then. */
export interface Cluster {
  readonly executor: (trainer: Process) => Executor;
  readonly jobs: () => readonly Job[];
  /** The runner said with which code it ends. */
  readonly exit: (process: Process, code: number) => void;
  /** Forgets a job whose process goes on, as when a node is cut off. */
  readonly lose: (process: Process) => void;
}

export function createCluster(
  world: Scheduler,
  options: { readonly slots: number; readonly launch: (execution: Execution) => Process },
): Cluster {
  const jobs = new Map<string, Job>();
  const listeners = new Set<{ readonly trainer: Process; readonly tell: (exit: ExecutionExit) => void }>();

  function ended(job: Job, code: number | null, signal: string | null): void {
    if (jobs.get(job.execution.executionId) !== job) return;
    jobs.delete(job.execution.executionId);
    for (const { trainer, tell } of listeners)
      world.after(world.random.between(1, 100), trainer, 'execution ended', () =>
        tell({ execution: job.execution, code, signal, error: null }),
      );
  }
  const jobOf = (process: Process): Job | undefined => [...jobs.values()].find((j) => j.process === process);

  return {
    jobs: () => [...jobs.values()],
    exit: (process, code) => {
      const job = jobOf(process);
      if (job) ended(job, code, null);
      world.kill(process);
    },
    lose: (process) => {
      const job = jobOf(process);
      if (job) ended(job, null, 'SIGKILL');
    },
    executor: (trainer) => {
      const ask = <T>(work: () => T): Promise<T> =>
        new Promise((resolve, reject) => {
          world.after(world.random.between(1, 20), world.world, 'cluster', () => {
            let answer: () => void;
            try {
              const value = work();
              answer = () => resolve(value);
            } catch (e) {
              answer = () => reject(e as Error);
            }
            world.after(world.random.between(1, 20), trainer, 'cluster answers', answer);
          });
        });
      return {
        start: (execution) =>
          ask(() => {
            if (jobs.has(execution.executionId)) return;
            if (jobs.size >= options.slots) throw new NoCapacityError(options.slots);
            const process = options.launch(execution);
            const job = { execution, process, startedAt: new Date() };
            jobs.set(execution.executionId, job);
            process.atDeath.push(() => ended(job, null, 'SIGKILL'));
          }),
        running: () =>
          ask(() =>
            [...jobs.values()].map(({ execution, process, startedAt }): RunningExecution => ({
              execution,
              slot: null,
              handle: process.name,
              startedAt,
            })),
          ),
        // A node that does not answer ends nothing: its runner goes on, and only the fence is left.
        signal: (executionId, signal) =>
          ask(() => {
            const job = jobs.get(executionId);
            if (job && signal === 'SIGKILL' && world.random.chance(0.5)) world.kill(job.process);
          }),
        capacity: () => ask(() => ({ slots: options.slots, free: options.slots - jobs.size })),
        onExit: (tell) => {
          const listener = { trainer, tell };
          listeners.add(listener);
          trainer.atDeath.push(() => listeners.delete(listener));
          return () => void listeners.delete(listener);
        },
        stop: async () => {},
      };
    },
  };
}
