/** What was started, to be stopped in the reverse order; each once, and all even when one fails. */
export function createUndo(): { later(stop: () => Promise<unknown>): void; all(): Promise<void> } {
  const steps: (() => Promise<unknown>)[] = [];
  return {
    later: (stop) => void steps.push(stop),
    async all() {
      const failures: unknown[] = [];
      for (let stop = steps.pop(); stop; stop = steps.pop()) await stop().catch((e: unknown) => failures.push(e));
      if (failures.length > 0) throw failures[0];
    },
  };
}
