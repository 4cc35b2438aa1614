export type Level = 'ok' | 'warn' | 'fail';

export interface Finding {
  readonly check: string;
  readonly level: Level;
  readonly found: string;
  /** what to do about it; null when there is nothing to do */
  readonly wayOut: string | null;
}

export const ok = (check: string, found: string): Finding => ({ check, level: 'ok', found, wayOut: null });
export const warn = (check: string, found: string, wayOut: string): Finding => ({
  check,
  level: 'warn',
  found,
  wayOut,
});
export const fail = (check: string, found: string, wayOut: string): Finding => ({
  check,
  level: 'fail',
  found,
  wayOut,
});
