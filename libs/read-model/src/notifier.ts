import type { Position } from '@minvar/service-kit';
import type { LogRecord } from './fold/record';
import type { Vector } from './position';
import { partitionKey } from './position';

/** What a transaction was about. `subjects` are ids of runs, experiments, ingests and versions, and names of datasets. */
export interface Change {
  readonly position: Vector;
  readonly subjects: ReadonlySet<string>;
}

/** Keeps the position of the fold and tells whoever waits for it. */
export function createNotifier() {
  const at = new Map<string, number>();
  const listeners = new Set<(change: Change) => void>();
  const waiting = new Set<{ positions: readonly Position[]; done: (e: Error | null) => void }>();

  const isPast = (positions: readonly Position[]): boolean =>
    positions.every((p) => (at.get(partitionKey(p.topic, p.partition)) ?? 0) > p.offset);

  function moved(subjects: ReadonlySet<string>): void {
    for (const w of [...waiting]) if (isPast(w.positions)) w.done(null);
    const position = new Map(at);
    for (const listener of [...listeners]) listener({ position, subjects });
  }

  return {
    position: (): Vector => new Map(at),
    /** The fold stands at these next offsets. */
    jump: (next: readonly Position[]): void => {
      for (const p of next)
        at.set(partitionKey(p.topic, p.partition), Math.max(p.offset, at.get(partitionKey(p.topic, p.partition)) ?? 0));
      moved(new Set());
    },
    applied: (records: readonly LogRecord[]): void => {
      const subjects = new Set<string>();
      for (const r of records) {
        const key = partitionKey(r.topic, r.partition);
        at.set(key, Math.max(at.get(key) ?? 0, r.offset + 1));
        for (const s of subjectsOf(r)) subjects.add(s);
      }
      moved(subjects);
    },
    /** A record that can never be folded lies behind. */
    skipped: (p: Position): void => {
      at.set(
        partitionKey(p.topic, p.partition),
        Math.max(at.get(partitionKey(p.topic, p.partition)) ?? 0, p.offset + 1),
      );
      moved(new Set());
    },
    reached: (positions: readonly Position[], timeoutMs: number | null): Promise<void> =>
      isPast(positions)
        ? Promise.resolve()
        : new Promise((resolve, reject) => {
            const w = {
              positions,
              done: (e: Error | null) => {
                waiting.delete(w);
                clearTimeout(timer);
                if (e) reject(e);
                else resolve();
              },
            };
            const late = () =>
              w.done(new Error(`the read model did not reach the log's position within ${timeoutMs! / 1000} s`));
            const timer = timeoutMs === null ? undefined : setTimeout(late, timeoutMs);
            waiting.add(w);
          }),
    listen: (listener: (change: Change) => void): (() => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: (): void => {
      for (const w of [...waiting]) w.done(new Error('the read model was stopped'));
    },
  };
}

function subjectsOf({ envelope: e }: LogRecord): string[] {
  const d = e.data as { runId?: string; experimentId?: string; ingestId?: string; name?: string };
  return [e.subject, d.runId, d.experimentId, d.ingestId, d.name].filter((s) => s !== undefined);
}
