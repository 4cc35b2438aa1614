import { closeSync, fstatSync, ftruncateSync, openSync, renameSync, writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';
import { isFull } from '../errors';

export interface LogFileOptions {
  readonly file: string;
  /** bytes after which the file is kept as `<file>.1`, in place of the one before, and a new one is begun */
  readonly largest: number;
  /** told once when lines cannot be written; what is said must not go into this file */
  readonly onTrouble: (because: string) => void;
}

/**
 * A file for a logger's lines, each written at once and whole or not at all. A log must not end what it tells of: a line that finds no space
 * is left out and counted, and the next one that does is followed by how many are missing.
 */
export function createLogFile({ file, largest, onTrouble }: LogFileOptions): DestinationStream {
  let fd: number | null = null;
  let size = 0;
  let missing = 0;

  function open(): number {
    fd ??= openSync(file, 'a', 0o644);
    size = fstatSync(fd).size;
    return fd;
  }

  function rotate(): void {
    if (fd !== null) closeSync(fd);
    fd = null;
    renameSync(file, `${file}.1`);
  }

  function append(line: string): void {
    const bytes = Buffer.from(line);
    if (fd === null) open();
    if (size > largest) {
      rotate();
      open();
    }
    const before = size;
    try {
      while (size < before + bytes.length) size += writeSync(fd!, bytes, size - before);
    } catch (error) {
      ftruncateSync(fd!, before); // what a full disk took of it is half a line
      size = before;
      throw error;
    }
  }

  return {
    write(line) {
      try {
        append(line);
      } catch (error) {
        if (missing++ === 0)
          onTrouble(
            isFull(error)
              ? `no space left for ${file}; lines are left out until there is`
              : `${file} cannot be written (${(error as Error).message}); lines are left out`,
          );
        return;
      }
      if (missing === 0) return;
      const gap = {
        level: 'warn',
        time: new Date().toISOString(),
        missing,
        msg: 'lines before the last one are missing',
      };
      try {
        append(`${JSON.stringify(gap)}\n`);
        missing = 0;
      } catch {
        // full again: it will be told with the lines to come
      }
    },
  };
}
