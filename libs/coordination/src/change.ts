/** The answer of a transition: the next value, or why not. Refusals are expected and therefore data. */
export type Change<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly because: string };

export const changed = <T>(value: T): Change<T> => ({ ok: true, value });
export const refused = (because: string): { readonly ok: false; readonly because: string } => ({ ok: false, because });

/** What a transition takes from the world: the wall clock for people to read (never compared), and a nonce that makes the body unique. */
export interface Stamp {
  /** ISO 8601 */
  readonly at: string;
  readonly nonce: string;
}

/** A moment as the state machines see it: `ms` is the process's own monotonic clock, comparable only with itself. */
export interface Now extends Stamp {
  readonly ms: number;
}
