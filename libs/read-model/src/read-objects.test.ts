import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { derivedId, formatLogLine, objectKeys } from '@minvar/contracts';
import { createFolderStore } from '@minvar/service-kit';
import { expect, it } from 'vitest';
import { readObjects } from './read-objects';

it('a run’s log comes from its log.txt, and is empty where there is none', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'minvar-read-objects-'));
  const store = await createFolderStore({ dir });
  try {
    const runId = derivedId('run', 'x');
    const lines = [
      { at: '2026-01-01T00:00:00.000Z', level: 'info', text: 'epoch 1' },
      { at: '2026-01-01T00:00:01.000Z', level: 'error', text: 'Error: α\n    at b' },
    ];
    await store.put(objectKeys.runLog(runId), Buffer.from(lines.map(formatLogLine).join('')));
    const { readLog } = readObjects(store);
    expect(await readLog(runId)).toEqual(lines);
    expect(await readLog(derivedId('run', 'y'))).toEqual([]);
  } finally {
    await store.close();
    await rm(dir, { recursive: true });
  }
});
