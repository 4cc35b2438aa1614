import { readdirSync, readFileSync } from 'node:fs';
import { until } from '../../e2e/support';

export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** start time in clock ticks: with the pid it names one process for good */
  readonly born: string;
  readonly command: string;
}

/** A process as /proc shows it; null when it has ended, also while its parent has not taken note. */
export function processOf(pid: number): Process | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return { pid, parent: Number(fields[1]), born: fields[19]!, command };
  } catch {
    return null;
  }
}

/** The processes below another one, parents first. */
export function descendants(pid: number): Process[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processOf(Number(name)) ?? []);
  const below = (of: number): Process[] => all.filter((p) => p.parent === of).flatMap((p) => [p, ...below(p.pid)]);
  return below(pid);
}

/** SIGKILL; answers whether it was alive until then and is gone since. */
export async function killed({ pid, born }: Process): Promise<boolean> {
  if (processOf(pid)?.born !== born) return false;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
  await until(`process ${pid} to be gone`, () => processOf(pid)?.born !== born, 30);
  return true;
}
