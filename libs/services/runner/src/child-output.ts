/** How a line that the training child wrote is shown in the run's log. */
export type OutputLevel = 'debug' | 'warn' | 'error';

/** What TensorFlow writes whenever it is loaded, before it looks at its log level; it says nothing about the run. */
const banners = [
  /^WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR$/,
  / oneDNN custom operations are on\. /,
];

/**
 * The severity letter of a line of TensorFlow's: `E0000 00:00:1795445434.48 30680 cuda.cc:12] …` as absl writes it, or
 * `2026-11-23 14:40:00.12: E tensorflow/…cc:12] …` as TensorFlow's own log does.
 */
const severity =
  /^(?:([IWEF])\d{4} \d\d:\d\d:[\d.]+\s+\d+ |\d{4}-\d\d-\d\d \d\d:\d\d:[\d.]+: ([IWEF]) )[^\s\]]+:\d+\] /;

/** Null for a line that is left out. What the library calls an error need not fail the run; what it calls fatal ends the process. */
export function levelOf(line: string): OutputLevel | null {
  if (line === '' || banners.some((b) => b.test(line))) return null;
  const found = severity.exec(line);
  const letter = found?.[1] ?? found?.[2];
  return letter === 'F' ? 'error' : letter === 'E' ? 'warn' : 'debug';
}

/** Puts what arrives in pieces together into lines; `end` gives what is left without a line's end. */
export function createLines(on: (line: string) => void): {
  readonly add: (text: string) => void;
  readonly end: () => void;
} {
  let rest = '';
  return {
    add: (text) => {
      const lines = (rest + text).split(/\r?\n/);
      rest = lines.pop()!;
      lines.forEach(on);
    },
    end: () => {
      if (rest !== '') on(rest);
      rest = '';
    },
  };
}
