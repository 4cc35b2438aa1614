/** One measured quantity: a row of dots (one a seed) for each arm. */
export interface DotPanel {
  readonly title: string;
  readonly format: 'percent' | 'number';
  readonly rows: readonly { readonly label: string; readonly values: readonly number[] }[];
}

const escape = (s: string): string =>
  s.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);
const px = (x: number): string => (Math.round(100 * x) / 100).toString();

const rowHeight = 22;
const plotWidth = 320;
const labelWidth = 150;
const width = labelWidth + plotWidth + 90;

/** Round numbers that divide [low, high] into three to six steps. */
export function ticks(low: number, high: number): number[] {
  const span = high - low || 1;
  const rough = span / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough)!;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

const show = (x: number, format: DotPanel['format']): string =>
  format === 'percent' ? `${Number((100 * x).toPrecision(3))} %` : String(Number(x.toPrecision(3)));

function panelSvg(panel: DotPanel, top: number): { svg: string; height: number } {
  const all = panel.rows.flatMap((r) => r.values).filter(Number.isFinite);
  const [min, max] = all.length > 0 ? [Math.min(...all), Math.max(...all)] : [0, 1];
  const margin = (max - min || Math.abs(max) || 1) * 0.08;
  const [low, high] = [min - margin, max + margin];
  const x = (v: number): number => labelWidth + (plotWidth * (v - low)) / (high - low);
  const bottom = top + 24 + rowHeight * panel.rows.length;
  const parts = [`<text class="title" x="0" y="${top + 12}">${escape(panel.title)}</text>`];
  for (const t of ticks(low, high)) {
    parts.push(`<line class="grid" x1="${px(x(t))}" x2="${px(x(t))}" y1="${top + 20}" y2="${bottom}"/>`);
    parts.push(`<text class="tick" x="${px(x(t))}" y="${bottom + 13}">${show(t, panel.format)}</text>`);
  }
  panel.rows.forEach((row, i) => {
    const y = top + 24 + rowHeight * (i + 0.5);
    parts.push(`<text class="label" x="${labelWidth - 10}" y="${y + 4}">${escape(row.label)}</text>`);
    const finite = row.values.filter(Number.isFinite);
    for (const v of finite) parts.push(`<circle class="dot c${i % 6}" cx="${px(x(v))}" cy="${y}" r="3.5"/>`);
    const mean = finite.reduce((a, b) => a + b, 0) / finite.length;
    if (finite.length > 0)
      parts.push(`<line class="mean c${i % 6}" x1="${px(x(mean))}" x2="${px(x(mean))}" y1="${y - 8}" y2="${y + 8}"/>`);
    const text = finite.length > 0 ? show(mean, panel.format) : 'no values';
    parts.push(`<text class="value" x="${labelWidth + plotWidth + 8}" y="${y + 4}">${text}</text>`);
  });
  return { svg: parts.join('\n'), height: bottom + 30 - top };
}

const colours = ['#4269d0', '#d9730d', '#2e8b57', '#b8388f', '#8a6d00', '#0f8b8d'];
const style = [
  'text{font:12px system-ui,sans-serif;fill:#222}.title{font-weight:600}.label{text-anchor:end}.tick{text-anchor:middle;font-size:10px;fill:#666}',
  '.grid{stroke:#ddd}.dot{fill-opacity:.55}.mean{stroke-width:2.5}',
  ...colours.map((c, i) => `.dot.c${i}{fill:${c}}.mean.c${i}{stroke:${c}}`),
  '@media(prefers-color-scheme:dark){text{fill:#eee}.tick{fill:#aaa}.grid{stroke:#444}}',
].join('');

/** An SVG of panels one below the other: a dot for each seed, a bar at the mean of each arm, its value at the right. */
export function dotPlot(title: string, panels: readonly DotPanel[]): string {
  let top = 34;
  const body: string[] = [];
  for (const panel of panels) {
    const { svg, height } = panelSvg(panel, top);
    body.push(svg);
    top += height;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 0 ${width + 20} ${top}" width="${width + 20}" height="${top}" role="img" aria-label="${escape(title)}">`,
    `<style>${style}</style>`,
    `<text class="title" x="0" y="18">${escape(title)}</text>`,
    ...body,
    '</svg>\n',
  ].join('\n');
}
