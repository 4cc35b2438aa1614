import { encodeNumber } from '@minvar/contracts';
import type { MetricPoint, MetricValue } from '@minvar/contracts';
import type { MetricRow } from './fold';

const finite = (v: number): number | null => encodeNumber(v).value;

/** Rows as they are stored and sent: non-finite values as null beside their name. */
export function metricValues(
  rows: readonly MetricRow[],
  at: { readonly split: string; readonly epoch: number; readonly selection: string },
): MetricValue[] {
  return rows.map(({ name, variant, value, perClass, perGroup }) => ({
    name,
    variant,
    ...at,
    ...encodeNumber(value),
    perClass: perClass ? perClass.map(finite) : null,
    perGroup: perGroup ? perGroup.map((g) => ({ ...g, value: finite(g.value) })) : null,
  }));
}

/** Rows as points of series: the whole, then each class and group by name (those without examples are left out). */
export function metricPoints(
  rows: readonly MetricRow[],
  at: { readonly split: string; readonly step: number },
  classes: readonly string[],
): MetricPoint[] {
  return rows.flatMap(({ name, variant, value, perClass, perGroup }) => {
    const point = (v: number, className: string | null, group: string | null): MetricPoint => ({
      metric: name,
      variant,
      split: at.split,
      class: className,
      group,
      step: at.step,
      ...encodeNumber(v),
    });
    return [
      point(value, null, null),
      ...(perClass ?? []).flatMap((v, k) => (Number.isNaN(v) ? [] : [point(v, classes[k] ?? String(k), null)])),
      ...(perGroup ?? []).flatMap((g) => (g.count === 0 ? [] : [point(g.value, null, g.group)])),
    ];
  });
}
