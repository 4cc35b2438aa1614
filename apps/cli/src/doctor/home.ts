import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { topics } from '@minvar/contracts';
import type { EventLog } from '@minvar/service-kit';
import {
  CorruptRecordError,
  createFolderStore,
  createLmdbEventLog,
  findLaboratory,
  homeFolders,
  openHome,
  probeConditionalWrites,
  readThrough,
} from '@minvar/service-kit';
import type { Finding } from './check';
import { fail, ok } from './check';
import { checkFolder, existingAbove } from './folder';

const reason = (e: unknown): string => (e instanceof Error ? e.message : String(e));

/** Shows in a folder of its own, on the home's file system, that a condition on a write is kept. */
async function checkConditionalWrites(home: string): Promise<Finding> {
  let dir: string | null = null;
  try {
    dir = await mkdtemp(join(existingAbove(home), '.minvar-doctor-'));
    const store = await createFolderStore({ dir });
    await probeConditionalWrites(store);
    await store.close();
    return ok('conditional writes', 'kept');
  } catch (e) {
    return fail('conditional writes', reason(e), 'choose a folder on a local disk with --home or MINVAR_HOME');
  } finally {
    if (dir) await rm(dir, { recursive: true, force: true });
  }
}

/** Reads every record of every topic against its checksum. */
async function readAll(log: EventLog): Promise<{ records: number; damaged: string | null }> {
  let records = 0;
  const begins = await log.begin([...topics.keys()]);
  try {
    for (const { topic, partition, offset: to } of await log.end([...topics.keys()])) {
      const from = begins.find((b) => b.topic === topic && b.partition === partition)?.offset ?? 0;
      for await (const some of readThrough(log, { topic, partition, from, to })) records += some.length;
    }
  } catch (e) {
    if (e instanceof CorruptRecordError) return { records, damaged: e.message };
    throw e;
  }
  return { records, damaged: null };
}

async function checkLog(dir: string): Promise<Finding> {
  if (!existsSync(dir)) return ok('event log', 'none yet');
  try {
    const log = await createLmdbEventLog({ dir });
    try {
      const { records, damaged } = await readAll(log);
      if (damaged === null) return ok('event log', `${records.toLocaleString('en')} records, every checksum matches`);
      return fail('event log', damaged, `bring ${dir} back from a copy; what is in objects/ is not affected`);
    } finally {
      await log.close();
    }
  } catch (e) {
    return fail('event log', reason(e), `${dir} cannot be opened: bring it back from a copy`);
  }
}

async function checkLock(home: string): Promise<Finding> {
  const running = await findLaboratory(home);
  if (running) return ok('laboratory', `runs at ${running.url} (process ${running.pid})`);
  if (!existsSync(home)) return ok('laboratory', 'none runs');
  try {
    await (await openHome(home)).close();
    return ok('laboratory', 'none runs, the home is free');
  } catch (e) {
    return fail('laboratory', reason(e), 'wait for it or stop it; a laboratory that starts or stops has no address');
  }
}

/** The home: its file system, who uses it, and whether what it keeps is whole. Nothing in it is changed. */
export async function checkHome(home: string): Promise<Finding[]> {
  return [
    ...(await checkFolder('home', home)),
    await checkLock(home),
    await checkConditionalWrites(home),
    await checkLog(homeFolders(home).events),
  ];
}
