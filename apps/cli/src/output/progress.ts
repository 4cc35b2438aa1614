export interface ProgressState {
  readonly label: string;
  /** done of total, in `unit`s; total null when not known */
  readonly done: number;
  readonly total: number | null;
  readonly unit: 'runs' | 'bytes' | 'examples' | 'percent';
  readonly note?: string;
}

export interface Progress {
  /** a bar on a terminal; elsewhere a plain line when a whole unit or 10 % was done, at most one a second */
  update(state: ProgressState): void;
  /** a line that the next one replaces; false (and nothing shown) where there is no terminal */
  transient(text: string): boolean;
  /** a line that stays */
  line(text: string): void;
  /** takes the bar away */
  clear(): void;
}

export interface Screen {
  readonly isTerminal: boolean;
  readonly columns: number;
  write(text: string): void;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'];
export function formatBytes(n: number): string {
  let i = 0;
  while (n >= 1000 && i < units.length - 1) {
    n /= 1000;
    i += 1;
  }
  return `${n.toFixed(i === 0 || n >= 100 ? 0 : 1)} ${units[i]}`;
}

/** 9 s, 4:05, 1:02:03 */
export function formatSeconds(s: number): string {
  const n = Math.max(0, Math.round(s));
  if (n < 60) return `${n} s`;
  const two = (x: number) => String(x).padStart(2, '0');
  const [h, m] = [Math.floor(n / 3600), Math.floor((n % 3600) / 60)];
  return h > 0 ? `${h}:${two(m)}:${two(n % 60)}` : `${m}:${two(n % 60)}`;
}

const amount = (n: number, unit: ProgressState['unit']): string =>
  unit === 'bytes' ? formatBytes(n) : n.toFixed(Number.isInteger(n) ? 0 : 1);

const rateOf = (perSecond: number, unit: ProgressState['unit']): string =>
  unit === 'runs'
    ? `${(60 * perSecond).toFixed(1)} runs/min`
    : `${amount(perSecond, unit)}${unit === 'bytes' ? '' : unit === 'percent' ? ' %' : ` ${unit}`}/s`;

function describe(s: ProgressState, elapsed: number, from: number): string {
  const rate = elapsed > 0.5 ? (s.done - from) / elapsed : 0;
  const parts = [
    s.unit === 'percent'
      ? `${amount(s.done, s.unit)} %`
      : s.total === null
        ? amount(s.done, s.unit)
        : `${amount(s.done, s.unit)}/${amount(s.total, s.unit)}`,
    ...(s.unit === 'bytes' || s.unit === 'percent' ? [] : [s.unit]),
  ];
  const after = [
    parts.join(' '),
    ...(rate > 0 ? [rateOf(rate, s.unit)] : []),
    ...(rate > 0 && s.total !== null && s.done < s.total ? [`ETA ${formatSeconds((s.total - s.done) / rate)}`] : []),
    ...(s.note ? [s.note] : []),
  ];
  return after.join(', ');
}

/** Progress on stderr. Rates count from the first update of a label, so that work done before does not flatter them. */
export function createProgress(screen: Screen, now: () => number = () => performance.now() / 1000): Progress {
  let current: { label: string; since: number; from: number; shownAt: number; shown: number } | null = null;
  let bar = false;
  const clear = () => {
    if (bar) screen.write('\r\x1b[2K');
    bar = false;
  };
  return {
    update(s) {
      const t = now();
      if (current?.label !== s.label)
        current = { label: s.label, since: t, from: s.done, shownAt: -Infinity, shown: -1 };
      const text = describe(s, t - current.since, current.from);
      if (screen.isTerminal) {
        if (t - current.shownAt < 0.1 && s.done !== s.total) return;
        const width = 24;
        const share = s.total ? Math.min(1, s.done / s.total) : 0;
        const filled = Math.round(width * share);
        const drawn = s.total === null ? '' : ` ${'█'.repeat(filled)}${'░'.repeat(width - filled)}`;
        screen.write(`\r\x1b[2K${`${s.label}${drawn} ${text}`.slice(0, screen.columns - 1)}`);
        bar = true;
      } else {
        const step = s.unit === 'runs' ? 1 : (s.total ?? 0) / 10;
        const finished = s.done === s.total && current.shown !== s.done;
        if (!finished && (s.done - current.shown < step || t - current.shownAt < 1)) return;
        screen.write(`${s.label}: ${text}\n`);
        current.shown = s.unit === 'runs' ? Math.floor(s.done) : s.done;
      }
      current.shownAt = t;
    },
    transient(text) {
      if (!screen.isTerminal) return false;
      screen.write(`\r\x1b[2K${text.slice(0, screen.columns - 1)}`);
      bar = true;
      return true;
    },
    line(text) {
      clear();
      screen.write(`${text}\n`);
    },
    clear,
  };
}
