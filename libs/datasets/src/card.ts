import type { DatasetManifest, SplitManifest } from '@minvar/contracts';
import type { DatasetDefinition } from './define-dataset';

const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

function groupTable(split: SplitManifest, classes: readonly string[], values: readonly string[]): string {
  const count = new Map(split.perGroup.map((g) => [g.group, g.count]));
  return table(
    ['class', ...values],
    classes.map((c) => [c, ...values.map((v) => count.get(`${c}/${v}`) ?? 0)]),
  );
}

const percent = (x: number): string => `${(100 * x).toFixed(2)} %`;

/** The card (Markdown) of a version: what it is, where it comes from, what is in it, and how to open it. */
export function datasetCard(definition: DatasetDefinition, m: Omit<DatasetManifest, 'card'>): string {
  const attribute = m.attribute;
  const sections = [
    `# ${m.title}`,
    definition.description,
    m.note === null ? '' : `**${m.note}.**`,
    [
      `- name: \`${m.name}\`, version \`${m.version}\` (sha256 ${m.contentSha256})`,
      `- licence: ${m.licence}`,
      `- source: ${definition.source}`,
      `- citation: ${m.citation}`,
    ].join('\n'),
    '## Parameters',
    table(
      ['parameter', 'value'],
      Object.entries(m.parameters).map(([k, v]) => [`\`${k}\``, String(v)]),
    ),
    '## Splits',
    table(
      ['split', 'examples', ...(attribute ? ['decodability'] : []), ...m.classes],
      m.splits.map((s) => [
        s.name,
        s.examples,
        ...(attribute ? [s.decodability === null ? '–' : percent(s.decodability)] : []),
        ...s.perClass,
      ]),
    ),
    attribute
      ? `Decodability: share of examples whose attribute (${attribute.name}) is recovered from its own features alone; a dial of variance is valid only where it is at least 99.5 %.`
      : '',
    ...(attribute
      ? m.splits
          .filter((s) => s.perGroup.length > 0)
          .flatMap((s) => [`### ${s.name}: class × ${attribute.name}`, groupTable(s, m.classes, attribute.values)])
      : []),
    '## Inputs',
    m.input.kind === 'image'
      ? `Images of ${m.input.shape.join('×')} (height, width, channels), uint8. On the scale [0, 1] the training split has the mean ${m.input.mean.map((x) => x.toFixed(4)).join(', ')} and the standard deviation ${m.input.std.map((x) => x.toFixed(4)).join(', ')} per channel.`
      : `Vectors of ${m.input.shape.join('×')} float32.${m.features ? ` Part L: dimensions ${m.features.low.join(', ')}; part H: dimensions ${m.features.high.join(', ')}.` : ''}`,
    'Each array is a `.npy` file: `numpy.load("data/train-inputs.npy")`. Labels and attributes are int32, attribute −1 means none.',
    m.sources.length > 0 ? '## Made from' : '',
    m.sources.length > 0
      ? table(
          ['file', 'bytes', 'sha256', 'from'],
          m.sources.map((s) => [s.name, s.sizeBytes, s.sha256, s.from]),
        )
      : '',
  ];
  return `${sections.filter((s) => s !== '').join('\n\n')}\n`;
}
