/** Whether a line tells of a full disk: in the words of `StorageFullError` or of the operating system. */
export const tellsOfFullDisk = (line: string): boolean => /no space left/i.test(line);

export interface Repeats {
  /** The line to write, or null when it says what was said less than `everyMs` ago. */
  pass(line: string): string | null;
}

/**
 * While a disk is full every part of every service finds out again and again, each in its own words. One of these lines is let
 * through every `everyMs`; it says how many were held back since the one before.
 */
export function createRepeats({
  everyMs = 60_000,
  now = Date.now,
}: { everyMs?: number; now?: () => number } = {}): Repeats {
  let lastMs = -Infinity;
  let held = 0;
  return {
    pass(line) {
      if (!tellsOfFullDisk(line)) return line;
      if (now() - lastMs < everyMs) {
        held += 1;
        return null;
      }
      const text = held === 0 ? line : line.replace(/\}\s*$/, `,"alike":${held}}\n`);
      [lastMs, held] = [now(), 0];
      return text;
    },
  };
}
