/**
 * What a consumer keeps of a run to tell news from old news. Ids recognise repeats; terms and attempts recognise writers
 * that have been replaced (a zombie's events may arrive after its successor's).
 */
export interface RunVersion {
  readonly attempt: number;
  readonly term: number;
}

export interface Versioned {
  readonly term: number | null;
  readonly data: unknown;
}

const attemptOf = (data: unknown): number | null => {
  const attempt = (data as { attempt?: unknown } | null)?.attempt;
  return typeof attempt === 'number' ? attempt : null;
};

/** True when a newer owner or attempt has already spoken: the event must not change the run's row. */
export function isStale(known: RunVersion | null, event: Versioned): boolean {
  if (known === null) return false;
  const attempt = attemptOf(event.data);
  if (attempt !== null && attempt < known.attempt) return true;
  return event.term !== null && event.term < known.term;
}

/** The version after an event that was not stale. */
export function advance(known: RunVersion | null, event: Versioned): RunVersion {
  return {
    attempt: Math.max(known?.attempt ?? 1, attemptOf(event.data) ?? 1),
    term: Math.max(known?.term ?? 0, event.term ?? 0),
  };
}
