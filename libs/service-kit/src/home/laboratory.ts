import { randomUUID } from 'node:crypto';
import { readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isFull, StorageFullError } from '../errors';
import { orNull } from '../object-store/files';
import { isProcessAlive, processIdentity } from '../processes';

const laboratory = z.object({
  url: z.string(),
  pid: z.number().int(),
  /** for requests of the same user on this machine */
  token: z.string().optional(),
  /** see processes.ts: tells a laboratory that was killed from one that runs */
  process: z.string(),
});

/** `lab.json` of a home: where its laboratory listens. */
export type Laboratory = z.infer<typeof laboratory>;

const fileOf = (home: string): string => join(home, 'lab.json');

export async function writeLaboratory(home: string, lab: { url: string; token?: string }): Promise<void> {
  const content: Laboratory = { ...lab, pid: process.pid, process: processIdentity() };
  const temporary = `${fileOf(home)}.${randomUUID()}`;
  try {
    await writeFile(temporary, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
    await rename(temporary, fileOf(home));
  } catch (error) {
    await orNull(unlink(temporary));
    if (isFull(error)) throw new StorageFullError('lab.json', home, { cause: error });
    throw error;
  }
}

export async function removeLaboratory(home: string): Promise<void> {
  await orNull(unlink(fileOf(home)));
}

/** The laboratory that runs on a home; null when none does, also when one was killed and could not tidy up. */
export async function findLaboratory(home: string): Promise<Laboratory | null> {
  const text = await orNull(readFile(fileOf(home), 'utf8'));
  if (text === null) return null;
  const parsed = laboratory.safeParse(parse(text));
  return parsed.success && isProcessAlive(parsed.data.process) ? parsed.data : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
