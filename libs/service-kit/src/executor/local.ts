import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import type { Execution } from '@minvar/contracts';
import { executionVariable } from '@minvar/contracts';
import type { ExecutionExit, Executor, RunningExecution } from './port';
import { NoCapacityError } from './port';

export interface LocalExecutorOptions {
  /** the runner, e.g. `[process.execPath, 'dist/runner.mjs']` */
  readonly command: readonly [string, ...string[]];
  /** executions at the same time */
  readonly slots: number;
  /** the whole environment of a child besides `executionVariable`: nothing is inherited */
  readonly env: (execution: Execution, slot: number) => Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** scheduling priority of children, 0 to 19; default 10, so that the laboratory stays responsive */
  readonly nice?: number;
  /** between SIGTERM and SIGKILL at `stop`; default 30 s */
  readonly graceMs?: number;
  readonly onLine?: (line: {
    readonly executionId: string;
    readonly stream: 'stdout' | 'stderr';
    readonly text: string;
  }) => void;
}

interface Child extends RunningExecution {
  readonly slot: number;
  readonly process: ChildProcess;
  readonly gone: Promise<void>;
}

/**
 * Runs executions as child processes, one a slot. Each has a process group of its own, so that Ctrl-C at the terminal reaches the laboratory
 * only, which then ends its children in order; and an IPC channel, whose end tells a child that the laboratory is gone (`exitWhenParentGone`).
 */
export function createLocalExecutor(options: LocalExecutorOptions): Executor {
  const { command, slots, env, cwd, nice = 10, graceMs = 30_000, onLine } = options;
  const children = new Map<string, Child>();
  const listeners = new Set<(exit: ExecutionExit) => void>();
  const keyOf = (e: Execution): string => `${e.executionId}/${e.attempt}`;
  const tell = (exit: ExecutionExit): void => {
    for (const listener of [...listeners]) listener(exit);
  };

  function freeSlot(): number {
    const taken = new Set([...children.values()].map((c) => c.slot));
    for (let slot = 0; slot < slots; slot++) if (!taken.has(slot)) return slot;
    throw new NoCapacityError(slots);
  }

  async function start(execution: Execution): Promise<void> {
    if (children.has(keyOf(execution))) return;
    const slot = freeSlot();
    const [file, ...args] = command;
    const child = spawn(file, args, {
      cwd,
      env: { ...env(execution, slot), [executionVariable]: JSON.stringify(execution) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    const gone = watch(child, execution);
    children.set(keyOf(execution), {
      execution,
      slot,
      process: child,
      handle: String(child.pid ?? ''),
      startedAt: new Date(),
      gone,
    });
    if (child.pid !== undefined) lowerPriority(child.pid, nice);
  }

  function watch(child: ChildProcess, execution: Execution): Promise<void> {
    const { executionId } = execution;
    for (const stream of ['stdout', 'stderr'] as const) {
      createInterface({ input: child[stream]! }).on('line', (text) => onLine?.({ executionId, stream, text }));
    }
    return new Promise((resolve) => {
      let ended = false;
      const end = (exit: Omit<ExecutionExit, 'execution'>): void => {
        if (ended) return;
        ended = true;
        children.delete(keyOf(execution));
        tell({ execution, ...exit });
        resolve();
      };
      child.on('error', (error) => {
        if (child.pid === undefined)
          end({ code: null, signal: null, error: `${command[0]} could not be started: ${error.message}` });
      });
      child.on('exit', (code, signal) => {
        killGroup(child.pid); // whatever it left behind must not go on computing in this slot
        const last = setTimeout(() => end({ code, signal, error: null }), 1000);
        child.on('close', () => {
          clearTimeout(last);
          end({ code, signal, error: null });
        });
      });
    });
  }

  const executor: Executor = {
    start,
    running: async () =>
      [...children.values()].map(({ execution, slot, handle, startedAt }) => ({ execution, slot, handle, startedAt })),
    async signal(executionId, signal) {
      for (const child of children.values()) {
        if (child.execution.executionId !== executionId) continue;
        if (signal === 'SIGKILL') killGroup(child.process.pid);
        else child.process.kill(signal);
      }
    },
    capacity: async () => ({ slots, free: slots - children.size }),
    onExit(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async stop() {
      const all = [...children.values()];
      for (const child of all) child.process.kill('SIGTERM');
      const late = setTimeout(() => {
        for (const child of all) killGroup(child.process.pid);
      }, graceMs);
      await Promise.all(all.map((child) => child.gone));
      clearTimeout(late);
    },
  };
  return executor;
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // no such group any more
  }
}

function lowerPriority(pid: number, nice: number): void {
  try {
    setPriority(pid, nice);
  } catch {
    // it has ended already
  }
}
