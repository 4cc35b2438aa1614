import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineName } from '../database/engine';
import { openPglite } from '../database/open';
import { schemaVersion } from '../schema/migrations';
import { createSnapshots } from '../snapshot';

/** A folder with the snapshot of an empty read model: opening a copy of it is quicker than making a database. The caller removes it. */
export async function emptySnapshot(workerUrl: URL): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'minvar-read-model-empty-'));
  const generation = 'generation_empty';
  const database = await openPglite(workerUrl, null);
  await database.generation(generation);
  await createSnapshots(dir, { schema: schemaVersion, engine: engineName }).save({
    generation,
    dump: await database.dump(),
  });
  await database.close();
  return dir;
}
