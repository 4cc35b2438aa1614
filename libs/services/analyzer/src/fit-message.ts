import type { MetricValue } from '@minvar/contracts';
import { reEstimated, reEstimatedSuffix } from './re-estimated';

/** what a message may hold of metrics, in bytes of JSON; the rest of the record's 256 KB is for everything else */
const budget = 200 * 1024;

const size = (metrics: readonly MetricValue[]): number => Buffer.byteLength(JSON.stringify(metrics));

/** A named variant once more, under re-estimated statistics; not the main variant’s twin. */
const isSecondTwin = ({ variant }: MetricValue): boolean =>
  variant !== null && variant !== reEstimated(null) && variant.endsWith(reEstimatedSuffix);

/** Ways to make the list smaller, mildest first; the whole record stays in the analysis manifest. */
const steps: readonly ((m: MetricValue) => MetricValue | null)[] = [
  (m) => (m.variant === null ? m : { ...m, perGroup: null }),
  (m) => (m.variant === null ? m : { ...m, perClass: null }),
  (m) => (m.selection === 'last' ? m : { ...m, perGroup: null, perClass: null }),
  // What every reader looks at first keeps its classes and groups before rare variants keep their values.
  (m) => (isSecondTwin(m) ? null : m),
  (m) => ({ ...m, perGroup: null }),
  (m) => ({ ...m, perClass: null }),
  (m) => (m.selection === 'last' ? m : null),
  (m) => (m.variant === null ? m : null),
];

/** Metrics that fit a message: all of them, or as much as fits, details of secondary variants going first. */
export function fitMessage(metrics: readonly MetricValue[], bytes: number = budget): MetricValue[] {
  let fitting = [...metrics];
  for (const step of steps) {
    if (size(fitting) <= bytes) return fitting;
    fitting = fitting.flatMap((m) => step(m) ?? []);
  }
  if (size(fitting) > bytes)
    throw new Error(`${metrics.length} metrics do not fit a message of ${bytes} bytes; store fewer epochs or splits`);
  return fitting;
}
