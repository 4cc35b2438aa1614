import type { Position } from '@minvar/service-kit';
import type { LogRecord } from './fold/record';
import type { Vector } from './position';
import { partitionKey } from './position';

/** What a transaction was about. `subjects` are ids of runs, experiments, ingests and versions, and names of datasets; empty: of anything. */
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

  /** Never back. Whether anything is new. */
  function forward(next: readonly Position[]): boolean {
    let isNews = false;
    for (const p of next) {
      const key = partitionKey(p.topic, p.partition);
      if (p.offset <= (at.get(key) ?? 0)) continue;
      at.set(key, p.offset);
      isNews = true;
    }
    return isNews;
  }

  return {
    position: (): Vector => new Map(at),
    /** The fold stands at these next offsets. */
    jump: (next: readonly Position[]): void => {
      forward(next);
      moved(new Set());
    },
    /** The fold has come to these next offsets; what it was about, empty when that is not known. */
    told: (next: readonly Position[], subjects: ReadonlySet<string>): void => {
      if (forward(next)) moved(subjects);
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

/** What records are about. */
export function subjectsOf(records: readonly LogRecord[]): Set<string> {
  const subjects = new Set<string>();
  for (const { envelope: e } of records) {
    const d = e.data as { runId?: string; experimentId?: string; ingestId?: string; name?: string };
    for (const s of [e.subject, d.runId, d.experimentId, d.ingestId, d.name]) if (s !== undefined) subjects.add(s);
  }
  return subjects;
}

/** The next offsets after records. */
export const nextOffsets = (records: readonly LogRecord[]): Position[] => [
  ...new Map(
    records.map(({ topic, partition, offset }) => [
      partitionKey(topic, partition),
      { topic, partition, offset: offset + 1 },
    ]),
  ).values(),
];
