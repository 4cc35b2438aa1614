/** A line of a run's log; its text may have line breaks. */
export interface LogLine {
  /** ISO 8601, UTC, milliseconds */
  readonly at: string;
  /** as pino names them */
  readonly level: string;
  readonly text: string;
}

/** The line as `runs/<id>/log.txt` holds it. Ends in a line break. */
export const formatLogLine = ({ at, level, text }: LogLine): string => `${at} ${level} ${text}\n`;

const beginning = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (trace|debug|info|warn|error|fatal) (.*)$/s;

/** The lines of a `log.txt`. What does not begin like one goes on the line before; text before the first one is left out: its beginning was cut off. */
export function parseLogText(text: string): LogLine[] {
  const lines: LogLine[] = [];
  for (const piece of text.replace(/\n$/, '').split('\n')) {
    const found = beginning.exec(piece);
    const last = lines.at(-1);
    if (found) lines.push({ at: found[1]!, level: found[2]!, text: found[3]! });
    else if (last) lines[lines.length - 1] = { ...last, text: `${last.text}\n${piece}` };
  }
  return lines;
}
