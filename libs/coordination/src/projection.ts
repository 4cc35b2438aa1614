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

export interface Projection {
  readonly seen: ReadonlySet<string>;
  readonly runs: ReadonlyMap<string, RunVersion>;
}

export const emptyProjection: Projection = { seen: new Set(), runs: new Map() };

/** One step of a consumer that holds its state in memory: `apply` the event, or drop it as a repeat or as overtaken. */
export function admit(
  p: Projection,
  event: Versioned & { id: string; subject: string },
): { readonly verdict: 'apply' | 'repeat' | 'stale'; readonly state: Projection } {
  if (p.seen.has(event.id)) return { verdict: 'repeat', state: p };
  const seen = new Set(p.seen).add(event.id);
  const known = p.runs.get(event.subject) ?? null;
  if (isStale(known, event)) return { verdict: 'stale', state: { ...p, seen } };
  return { verdict: 'apply', state: { seen, runs: new Map(p.runs).set(event.subject, advance(known, event)) } };
}
