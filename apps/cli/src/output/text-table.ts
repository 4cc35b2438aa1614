export interface Column {
  readonly label: string;
  readonly align: 'left' | 'right';
}

/** A header broken at spaces, so that a long label does not make a narrow column wide. */
function brokenLabel(label: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of label.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Columns padded to their widest cell; a rule below the header, whose long labels take several lines. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const content = columns.map((_, i) => Math.max(0, ...rows.map((r) => (r[i] ?? '').length)));
  const labels = columns.map((c, i) => brokenLabel(c.label, Math.max(content[i]!, 10)));
  const widths = columns.map((_, i) => Math.max(content[i]!, ...labels[i]!.map((l) => l.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (columns[i]!.align === 'right' ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  const height = Math.max(...labels.map((l) => l.length));
  const header = Array.from({ length: height }, (_, k) => line(labels.map((l) => l[k - (height - l.length)] ?? '')));
  return [...header, widths.map((w) => '─'.repeat(w)).join('  '), ...rows.map(line)].join('\n');
}

/** Breaks at spaces; keeps the indent of the first line, gives the lines after it `indent`. */
export function wrap(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = /^ */.exec(text)![0];
  let isEmpty = true;
  for (const word of text.trim().split(/\s+/)) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line].join('\n');
}
