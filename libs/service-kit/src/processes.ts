import { readFileSync } from 'node:fs';
import { errorCode } from './errors';

/*
 * A process id alone says little: ids are used again. Together with the time its process started and the boot it belongs to, it names
 * one process for ever.
 */

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

const bootId = (): string => read('/proc/sys/kernel/random/boot_id')?.trim() ?? '';

/** Start time in clock ticks since boot (proc(5), field 22 of stat), or null when the process is gone or a zombie. */
function startTime(pid: number): string | null {
  // The second field is the command in parentheses and may hold anything, blanks and parentheses included.
  const fields = read(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ');
  return !fields || fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null);
}

/** `<pid>/<start time>/<boot>` of a process, by default this one. */
export const processIdentity = (pid = process.pid): string => `${pid}/${startTime(pid) ?? ''}/${bootId()}`;

/** Whether the process that this identity names still runs. Without /proc (macOS): whether any process has its id. */
export function isProcessAlive(identity: string): boolean {
  const [pid, started, boot] = identity.split('/');
  if (boot !== bootId()) return false;
  if (started) return startTime(Number(pid)) === started;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
