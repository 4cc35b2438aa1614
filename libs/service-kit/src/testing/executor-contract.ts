import type { Execution } from '@minvar/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ExecutionExit, Executor } from '../executor/port';
import { NoCapacityError } from '../executor/port';
import { until } from './wait';

/**
 * What an execution of these tests does; it stands in `runs[0].runId`. `exit:<code>` ends with that code, `attempt` with its attempt as
 * code; `sleep` waits and ends with 21 on SIGTERM; `deaf` waits and ignores SIGTERM.
 */
export type Behaviour = `exit:${number}` | 'attempt' | 'sleep' | 'deaf';

export interface ExecutorHarness {
  /** two slots; at `stop`, executions that ignore SIGTERM are killed after a grace of at most a second */
  readonly executor: Executor;
  /** whether this execution has come so far that it can answer signals */
  started(execution: Execution): Promise<boolean>;
  destroy(): Promise<void>;
}

let count = 0;
const make = (behaviour: Behaviour, attempt = 1): Execution => ({
  executionId: `exe-${process.pid}-${count++}`,
  projectId: 'local',
  attempt,
  runs: [{ runId: behaviour }],
});

/** What every executor keeps to: run it on each adapter. */
export function executorContract(name: string, harness: () => Promise<ExecutorHarness>): void {
  describe(`the executor contract on ${name}`, () => {
    let h: ExecutorHarness;
    let executor: Executor;
    let exits: ExecutionExit[];
    beforeEach(async () => {
      h = await harness();
      executor = h.executor;
      exits = [];
      executor.onExit((exit) => exits.push(exit));
    });
    afterEach(() => h.destroy());

    const exitOf = async (execution: Execution): Promise<ExecutionExit> => {
      await until(() => exits.some((e) => e.execution.executionId === execution.executionId));
      return exits.find((e) => e.execution.executionId === execution.executionId)!;
    };
    const startAndWait = async (execution: Execution): Promise<void> => {
      await executor.start(execution);
      await until(() => h.started(execution));
    };
    const ids = async (): Promise<string[]> => (await executor.running()).map((r) => r.execution.executionId);

    it.each([0, 10, 21])('reports an end with code %i once, with the execution', async (code) => {
      const execution = make(`exit:${code}`);
      await executor.start(execution);
      expect(await exitOf(execution)).toEqual({ execution, code, signal: null, error: null });
      await new Promise((r) => setTimeout(r, 50));
      expect(exits).toHaveLength(1);
      expect(await ids()).toEqual([]);
    });

    it('hands the execution to what it starts', async () => {
      const execution = make('attempt', 7);
      await executor.start(execution);
      expect((await exitOf(execution)).code).toBe(7);
    });

    it('starts an execution that is running no second time', async () => {
      const execution = make('sleep');
      await startAndWait(execution);
      await executor.start({ ...execution });
      expect(await ids()).toEqual([execution.executionId]);
      expect(await executor.capacity()).toEqual({ slots: 2, free: 1 });
    });

    it('says what is running, and how much room is left, and refuses more than that', async () => {
      const [a, b, c] = [make('sleep'), make('sleep'), make('sleep')] as const;
      expect(await executor.capacity()).toEqual({ slots: 2, free: 2 });
      await Promise.all([startAndWait(a), startAndWait(b)]);
      expect((await ids()).sort()).toEqual([a.executionId, b.executionId].sort());
      expect((await executor.running())[0]).toMatchObject({
        execution: a,
        handle: expect.stringMatching(/./) as string,
      });
      expect(await executor.capacity()).toEqual({ slots: 2, free: 0 });
      expect(await executor.start(c).catch((e: unknown) => e)).toBeInstanceOf(NoCapacityError);
      await executor.signal(a.executionId, 'SIGTERM');
      await exitOf(a);
      expect(await executor.capacity()).toEqual({ slots: 2, free: 1 });
      await startAndWait(c);
      expect((await ids()).sort()).toEqual([b.executionId, c.executionId].sort());
    });

    it('lets an execution end in order on SIGTERM', async () => {
      const execution = make('sleep');
      await startAndWait(execution);
      await executor.signal(execution.executionId, 'SIGTERM');
      expect(await exitOf(execution)).toMatchObject({ code: 21, signal: null });
    });

    it('ends one that ignores SIGTERM by SIGKILL', async () => {
      const execution = make('deaf');
      await startAndWait(execution);
      await executor.signal(execution.executionId, 'SIGTERM');
      await new Promise((r) => setTimeout(r, 100));
      expect(await ids()).toEqual([execution.executionId]);
      await executor.signal(execution.executionId, 'SIGKILL');
      const { code, signal } = await exitOf(execution);
      expect(code === 137 || signal === 'SIGKILL').toBe(true);
    });

    it('takes a signal for what is not running as done', async () => {
      await executor.signal('exe-nothing', 'SIGTERM');
      await executor.signal('exe-nothing', 'SIGKILL');
    });

    it('starts an execution again after it has ended', async () => {
      const execution = make('exit:15');
      await executor.start(execution);
      await until(() => exits.length === 1);
      await executor.start(execution);
      await until(() => exits.length === 2);
    });

    it('tells nobody who has stopped listening', async () => {
      let told = 0;
      const stop = executor.onExit(() => (told += 1));
      stop();
      const execution = make('exit:0');
      await executor.start(execution);
      await exitOf(execution);
      expect(told).toBe(0);
    });

    it('ends everything at stop: in order what can, by force what does not', async () => {
      const [polite, deaf] = [make('sleep'), make('deaf')] as const;
      await Promise.all([startAndWait(polite), startAndWait(deaf)]);
      await executor.stop();
      expect(await ids()).toEqual([]);
      expect(await exitOf(polite)).toMatchObject({ code: 21 });
      const { code, signal } = await exitOf(deaf);
      expect(code === 137 || signal === 'SIGKILL').toBe(true);
    });
  });
}
