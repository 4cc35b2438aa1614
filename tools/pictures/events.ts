import { messages, topics } from '@minvar/contracts';

const services = (list: string): string[] => list.split(',').map((s) => s.trim());

/** A Markdown page with a Mermaid graph of which service writes and reads which topic, and a table of every message. */
export function eventPicture(): string {
  const all = Object.values(messages);
  const edges = new Set<string>();
  for (const m of all) {
    const topic = m.topic.replaceAll('.', '_');
    for (const w of services(m.writer)) edges.add(`  ${w} --> ${topic}`);
    for (const r of m.readers) edges.add(`  ${topic} --> ${r}`);
  }
  const lines = [
    '# Who says what to whom',
    '',
    'Made by `npm run generate` from `libs/contracts`; a test keeps it fresh.',
    '',
    '```mermaid',
    'flowchart LR',
  ];
  for (const topic of [...topics.keys()].sort()) lines.push(`  ${topic.replaceAll('.', '_')}[["${topic}"]]`);
  lines.push(
    ...[...edges].sort(),
    '```',
    '',
    '| message | topic | writer | readers | meaning |',
    '| --- | --- | --- | --- | --- |',
  );
  for (const m of [...all].sort((a, b) => (a.type < b.type ? -1 : 1))) {
    lines.push(`| \`${m.type}\` | \`${m.topic}\` | ${m.writer} | ${m.readers.join(', ')} | ${m.description} |`);
  }
  return `${lines.join('\n')}\n`;
}
