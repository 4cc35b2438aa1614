import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { emptySnapshot } from './testing/empty-snapshot';
import { history, openWorkbench, publishTo, readModelContract } from './testing/read-model-contract';
import type { DatabaseOption, Workbench } from './testing/read-model-contract';
import { bundleWorker } from './testing/worker-url';

let workerUrl: URL;
/** snapshot of an empty read model: opening it is quicker than making a database */
let empty: string;
beforeAll(async () => {
  workerUrl = await bundleWorker();
  empty = await emptySnapshot(workerUrl);
}, 60_000);
afterAll(() => rm(empty, { recursive: true, force: true }));

async function databaseIn(home: string): Promise<DatabaseOption> {
  const dir = await mkdtemp(join(home, 'read-model-'));
  await cp(empty, dir, { recursive: true });
  return { kind: 'pglite', workerUrl, dir };
}

describe('the read model on PGlite', { timeout: 180_000 }, () => {
  readModelContract(databaseIn);
});

describe('its snapshots', { timeout: 180_000 }, () => {
  let bench: Workbench;
  let dir: string;
  beforeEach(async () => {
    bench = await openWorkbench(async (home) => {
      const database = await databaseIn(home);
      if (database.kind === 'pglite') dir = database.dir;
      return database;
    });
  });
  afterEach(() => bench.close());

  it('are one at a time', async () => {
    const model = await bench.start();
    await publishTo(bench.log, model, history(3, 50));
    await bench.stop(model);
    expect(await readdir(dir)).toHaveLength(2);
  });

  it('are not used when they are damaged: the log is folded from the beginning', async () => {
    const model = await bench.start();
    await publishTo(bench.log, model, history(4, 50));
    const hash = await model.hash();
    await bench.stop(model);
    const dump = (await readdir(dir)).find((f) => f.endsWith('.gz'))!;
    const bytes = await readFile(join(dir, dump));
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(join(dir, dump), bytes);
    const damaged = await bench.start();
    expect(bench.notices.join()).toContain('its hash differs');
    expect(await damaged.hash()).toBe(hash);
  });
});
