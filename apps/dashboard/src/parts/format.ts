/** 9 s, 4:05, 1:02:03 */
export function duration(seconds: number): string {
  const n = Math.max(0, Math.round(seconds));
  if (n < 60) return `${n} s`;
  const two = (x: number) => String(x).padStart(2, '0');
  const [h, m] = [Math.floor(n / 3600), Math.floor((n % 3600) / 60)];
  return h > 0 ? `${h}:${two(m)}:${two(n % 60)}` : `${m}:${two(n % 60)}`;
}

/** What a run has taken so far; nothing before it starts. */
export function elapsed(startedAt: string | null, finishedAt: string | null): string {
  if (!startedAt) return '';
  const seconds = (Date.parse(finishedAt ?? new Date().toISOString()) - Date.parse(startedAt)) / 1000;
  return finishedAt && seconds < 0.5 ? '< 1 s' : duration(seconds);
}

/** Four significant digits; the name of a value that is not finite. */
export function number(value: number | null, nonFinite?: string | null): string {
  if (value === null) return nonFinite ?? '–';
  return value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5)
    ? value.toExponential(3)
    : String(Number(value.toPrecision(4)));
}

export const moment = (iso: string): string =>
  new Date(iso).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'short' });

/** A run's id as people say it: the first block. */
export const shortId = (id: string): string => id.slice(0, id.indexOf('-'));
