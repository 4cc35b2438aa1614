import { findMetric } from '@minvar/metrics';
import type { AuditMetric, AuditReport } from '../report';
import { classChart, reliabilityChart, spectrumChart } from './charts';
import { escape, percent, short } from './html';
import { style } from './style';

const find = (r: AuditReport, name: string, variant: string | null = null): AuditMetric | undefined =>
  r.metrics.find((m) => m.name === name && m.variant === variant);

/** What a reader wants to know first, in words; those that could not be measured are left out. */
const headlines: readonly (readonly [string, string | null, 'share' | 'number', string])[] = [
  ['activation-variance', null, 'number', 'variance within classes, mean over dimensions and classes'],
  ['activation-variance', 'gauge-fixed/class-mean/mean/n', 'number', 'the same when the last layer has norm √K'],
  ['activation-variance-ratio', null, 'share', 'of all variance lies within classes, free of scale'],
  ['cdnv', null, 'number', 'class-distance normalised variance'],
  ['nc1', null, 'number', 'collapse 1: tr(S_W S_B⁺)'],
  ['nc2', null, 'number', 'collapse 2: class means’ distance from a simplex’s angles'],
  ['nc3', null, 'number', 'collapse 3: weights against class means'],
  ['nc4', null, 'share', 'collapse 4: nearest class mean contradicts the network'],
  ['nc4', 'error', 'share', 'error of the nearest class mean'],
  ['error', null, 'share', 'error'],
  ['nll', null, 'number', 'negative log-likelihood, nats'],
  ['ece', null, 'share', 'expected calibration error'],
  ['aurc', null, 'number', 'area under risk–coverage'],
  ['output-variance', null, 'number', 'output variance: tr Cov(p | class)'],
  ['output-variance', 'temperature-matched', 'number', 'output variance at equal sureness'],
  ['worst-group-accuracy', null, 'share', 'accuracy of the worst group'],
  ['attribute-probe', null, 'share', 'a linear probe reads the attribute'],
  ['attribute-variance', null, 'share', 'of all variance lies between values of the attribute'],
];

function tiles(r: AuditReport): string {
  const one = headlines.flatMap(([name, variant, format, text]) => {
    const found = find(r, name, variant);
    if (!found) return [];
    const value = found.nonFinite ?? (format === 'share' ? percent(found.value) : short(found.value));
    return [
      `<div class="tile" data-metric="${escape(name)}"><b>${escape(value)}</b><span>${escape(text)}</span></div>`,
    ];
  });
  return `<div class="tiles">${one.join('')}</div>`;
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<div class="scroll" tabindex="0"><table><thead><tr>${head.map((h) => `<th>${escape(h)}</th>`).join('')}</tr></thead><tbody>${rows.map((cells) => `<tr>${cells.join('')}</tr>`).join('')}</tbody></table></div>`;
const cell = (text: string, kind = ''): string => `<td${kind ? ` class="${kind}"` : ''}>${escape(text)}</td>`;

/** Columns of the table of classes: those of them that were measured. */
const byClass: readonly (readonly [string, string | null, string])[] = [
  ['activation-variance', null, 'variance'],
  ['activation-variance-ratio', null, 'share within'],
  ['cdnv', null, 'CDNV'],
  ['nc4', 'error', 'nearest mean errs'],
  ['error', null, 'error'],
  ['ece', null, 'ECE'],
  ['output-variance', null, 'output variance'],
];

function classTable(r: AuditReport): string {
  const columns = byClass.flatMap(([name, variant, label]) => {
    const values = find(r, name, variant)?.perClass;
    return values ? [{ label, values }] : [];
  });
  const rows = r.perClass.map((n, k) => [
    cell(String(k)),
    cell(String(n)),
    ...columns.map((c) => cell(short(c.values[k]))),
  ]);
  return table(['class', 'examples', ...columns.map((c) => c.label)], rows);
}

function groupTable(r: AuditReport): string {
  const groups = (find(r, 'group-accuracy')?.perGroup ?? []).filter((g) => g.count > 0);
  if (groups.length === 0) return '';
  const rows = groups
    .toSorted((a, b) => (a.value ?? 0) - (b.value ?? 0))
    .map((g) => [cell(g.group), cell(String(g.count)), cell(percent(g.value))]);
  return `<details><summary>Groups class / attribute, worst first (${groups.length})</summary>${table(['group', 'examples', 'accuracy'], rows)}</details>`;
}

const about = (name: string): string => findMetric(name).description;

function everything(r: AuditReport): string {
  const rows = r.metrics.map((m, i) => [
    cell(m.name),
    cell(m.variant ?? '', 'left'),
    cell(m.nonFinite ?? short(m.value)),
    cell(r.metrics[i - 1]?.name === m.name ? '' : about(m.name), 'what'),
  ]);
  return table(['measurement', 'variant', 'value', 'what it is'], rows);
}

/** The report as one HTML document: no script, nothing fetched, light and dark, for screens from 390 pixels on. */
export function auditPage(r: AuditReport): string {
  const share = find(r, 'activation-variance-ratio')?.perClass;
  const charts = [
    share ? classChart(share) : '',
    r.spectrum && r.spectrum.directions.length > 0 ? spectrumChart(r.spectrum.directions, r.spectrum.rank) : '',
    r.reliability ? reliabilityChart(r.reliability) : '',
  ].join('');
  const files = r.files.map((f) => [
    cell(f.option),
    `<td class="left"><code>${escape(f.path)}</code></td>`,
    cell(f.dtype),
    cell(f.shape.join(' × ')),
  ]);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Audit of ${r.examples} × ${r.dimensions} activations</title>
<style>${style}</style>
</head>
<body><main>
<h1>Audit of activations</h1>
<p class="soft">${r.examples} examples, ${r.dimensions} dimensions, ${r.classes} classes. Measured by minvar in ${r.seconds.toFixed(1)} s.</p>
${tiles(r)}
<h2>In pictures</h2>
<div class="charts">${charts}</div>
${r.notes.length > 0 ? `<h2>Notes</h2><div class="notes"><ul>${r.notes.map((n) => `<li>${escape(n)}</li>`).join('')}</ul></div>` : ''}
<h2>In numbers</h2>
<details${r.classes <= 20 ? ' open' : ''}><summary>Classes (${r.classes})</summary>${classTable(r)}</details>
${groupTable(r)}
<details><summary>All measurements (${r.metrics.length})</summary>${everything(r)}</details>
<details><summary>Files</summary>${table(['option', 'file', 'type', 'shape'], files)}</details>
</main></body>
</html>
`;
}
