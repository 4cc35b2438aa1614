import type { ReliabilityRow, SpectrumRow } from '../report';
import { escape, percent } from './html';

const width = 340;

const svg = (height: number, label: string, content: string): string =>
  `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(label)}">${content}</svg>`;

const figure = (caption: string, what: string, content: string): string =>
  `<figure><figcaption>${escape(caption)}</figcaption><p>${escape(what)}</p>${content}</figure>`;

/** Bars from 0 to 1, one a row, with their share written at the end. */
function barChart(
  label: string,
  rows: readonly { readonly name: string; readonly value: number; readonly dot?: number | null }[],
): string {
  const [step, left, right] = [22, 64, 58];
  const room = width - left - right;
  const bars = rows.map(({ name, value, dot }, i) => {
    const y = i * step;
    const at = (v: number): string => (left + room * Math.max(0, Math.min(1, v))).toFixed(1);
    return [
      `<text x="${left - 8}" y="${y + 14}" text-anchor="end">${escape(name)}</text>`,
      `<rect class="track" x="${left}" y="${y + 4}" width="${room}" height="13" rx="3"/>`,
      `<rect class="bar" x="${left}" y="${y + 4}" width="${(Number(at(value)) - left).toFixed(1)}" height="13" rx="3"/>`,
      dot === null || dot === undefined ? '' : `<circle class="bar2" cx="${at(dot)}" cy="${y + 10.5}" r="5"/>`,
      `<text x="${width}" y="${y + 14}" text-anchor="end">${percent(value)}</text>`,
    ].join('');
  });
  return svg(rows.length * step + 4, label, bars.join(''));
}

/** Most rows that a chart shows; of more, those at both ends. */
const most = 24;

function ends<T>(rows: readonly T[]): { shown: T[]; left: number } {
  if (rows.length <= most) return { shown: [...rows], left: 0 };
  return { shown: [...rows.slice(0, most / 2), ...rows.slice(-most / 2)], left: rows.length - most };
}

const leftOut = (left: number, what: string): string => (left === 0 ? '' : ` ${left} ${what} between are not drawn.`);

/** Each class's own variance as a share of all variance, largest first. */
export function classChart(shares: readonly (number | null)[]): string {
  const rows = shares
    .flatMap((value, k) => (value === null ? [] : [{ name: String(k), value }]))
    .sort((a, b) => b.value - a.value);
  const { shown, left } = ends(rows);
  const what = `Variance within each class over the variance of all features, widest class first.${leftOut(left, 'classes')}`;
  return figure('Variance within classes', what, barChart('share of variance within each class', shown));
}

/** The directions that tell classes apart. */
export function spectrumChart(directions: readonly SpectrumRow[], rank: number): string {
  const rows = directions.map((d) => ({ name: String(d.direction + 1), value: d.within, dot: d.attribute }));
  const { shown, left } = ends(rows);
  const dots = directions.some((d) => d.attribute !== null)
    ? ' Dots: the share of it between values of the attribute.'
    : '';
  const what = `Bars: the share of a direction’s variance that lies within classes; the ${rank - directions.length} other directions have 100 %.${dots}${leftOut(left, 'directions')}`;
  return figure(
    'Directions that tell classes apart',
    what,
    barChart('share of variance within classes by direction', shown),
  );
}

/** Accuracy against confidence; the area of a dot grows with the number of its examples. */
export function reliabilityChart(rows: readonly ReliabilityRow[]): string {
  const [size, left, top] = [280, 44, 8];
  const x = (v: number): string => (left + size * v).toFixed(1);
  const y = (v: number): string => (top + size * (1 - v)).toFixed(1);
  const all = rows.reduce((s, r) => s + r.count, 0);
  const ticks = [0, 0.5, 1].map(
    (t) =>
      `<text x="${x(t)}" y="${top + size + 18}" text-anchor="middle">${t}</text><text x="${left - 8}" y="${Number(y(t)) + 4}" text-anchor="end">${t}</text>`,
  );
  const dots = rows.map(
    (r) =>
      `<circle class="bar" cx="${x(r.confidence)}" cy="${y(r.accuracy)}" r="${(3 + 14 * Math.sqrt(r.count / all)).toFixed(1)}"><title>${r.count} examples: sure to ${percent(r.confidence)}, right in ${percent(r.accuracy)}</title></circle>`,
  );
  const frame = `<rect class="axis" x="${left}" y="${top}" width="${size}" height="${size}"/><line class="dashed" x1="${x(0)}" y1="${y(0)}" x2="${x(1)}" y2="${y(1)}"/>`;
  const names = `<text x="${left + size / 2}" y="${top + size + 34}" text-anchor="middle">largest probability</text><text transform="translate(12 ${top + size / 2}) rotate(-90)" text-anchor="middle">accuracy</text>`;
  return figure(
    'Reliability',
    'Accuracy by how sure the network is, in 15 bins; dots below the line are too sure. Larger dots hold more examples.',
    svg(top + size + 40, 'accuracy against largest probability', frame + ticks.join('') + dots.join('') + names),
  );
}
