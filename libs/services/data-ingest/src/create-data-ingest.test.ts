import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { datasetIdOf, ingestIdOf, topicOf } from '@minvar/contracts';
import type { AnyEnvelope, EnvelopeOf, WholeEnvelopeOf } from '@minvar/contracts';
import { createFolderStore, createLmdbEventLog, createPublisher, decodeEvent } from '@minvar/service-kit';
import type { EventLog, ObjectStore } from '@minvar/service-kit';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createDataIngest } from './create-data-ingest';
import type { DataIngest, DataIngestOptions } from './create-data-ingest';
import { versionPrefix } from './store-version';

const events = topicOf('dataset', 'events');
let dir: string;
let log: EventLog;
let store: ObjectStore;
let running: DataIngest[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'minvar-data-ingest-'));
  log = await createLmdbEventLog({ dir: join(dir, 'log') });
  store = await createFolderStore({ dir: join(dir, 'store') });
  running = [];
});
afterEach(async () => {
  for (const service of running) await service.stop();
  await log.close();
  await store.close();
  await rm(dir, { recursive: true, force: true });
});

function service(changes: Partial<DataIngestOptions> = {}): DataIngest {
  const made = createDataIngest({
    log,
    store,
    dataDir: null,
    cacheDir: join(dir, 'cache'),
    scratchDir: join(dir, 'scratch'),
    bundledDir: fileURLToPath(new URL('../../../datasets/bundled/', import.meta.url)),
    logger: { info: () => {}, warn: () => {} },
    fetch: () => Promise.reject(new TypeError('fetch failed')),
    ...changes,
  });
  running.push(made);
  return made;
}

const send = (...commands: AnyEnvelope[]): Promise<unknown> => createPublisher(log).publish(...commands);
let serial = 0;
type Data = Record<string, number | string | boolean>;
function ingestCommand(name: string, parameters: Data = {}, id = `cmd-${serial++}`): EnvelopeOf<'dataset.ingest'> {
  const ingestId = ingestIdOf('local', name, parameters, null);
  return {
    id,
    type: 'dataset.ingest',
    source: 'test',
    subject: datasetIdOf('local', name),
    time: new Date().toISOString(),
    projectId: 'local',
    term: null,
    traceparent: null,
    data: { ingestId, name, parameters, source: null, idempotencyKey: null },
  };
}
const deleteCommand = (name: string, versionId: string): EnvelopeOf<'dataset.delete'> => ({
  ...ingestCommand(name),
  type: 'dataset.delete',
  data: { versionId, name, idempotencyKey: null },
});
const small = { examples: 20, testExamples: 10 };

async function said(): Promise<AnyEnvelope[]> {
  const all: AnyEnvelope[] = [];
  for (const { partition, offset } of await log.begin([events])) {
    const { records } = await log.read({ topic: events, partition, from: offset, limit: 10_000 });
    all.push(...records.map((r) => decodeEvent(r)));
  }
  return all;
}
const answers = async (): Promise<AnyEnvelope[]> => (await said()).filter((e) => e.type !== 'dataset.ingestProgress');
/** Waits until that many answers are in the log. */
async function answered(n: number): Promise<AnyEnvelope[]> {
  for (;;) {
    const found = await answers();
    if (found.length >= n) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
async function keys(prefix = ''): Promise<string[]> {
  const out: string[] = [];
  for await (const { key } of store.list(prefix)) out.push(key);
  return out;
}

describe('data-ingest', () => {
  it('answers a command with a version that is whole, after progress, and forgets the command', async () => {
    await send(ingestCommand('synthetic-low-high', small));
    await service().start();
    const [answer] = (await answered(1)) as [WholeEnvelopeOf<'dataset.versionCreated'>];
    expect(answer.type).toBe('dataset.versionCreated');
    const { manifest, prefix, ingestId } = answer.data;
    expect(ingestId).toBe(ingestIdOf('local', 'synthetic-low-high', small, null));
    expect(prefix).toBe(versionPrefix(manifest));
    expect(await keys(prefix)).toEqual(
      [
        'README.md',
        ...manifest.splits.flatMap((s) => [`data/${s.name}-inputs.npy`, `data/${s.name}-labels.npy`]),
        'manifest.json',
      ]
        .map((f) => `${prefix}${f}`)
        .sort(),
    );
    const all = await said();
    expect(all.at(-1)!.type).toBe('dataset.versionCreated');
    expect(all.filter((e) => e.type === 'dataset.ingestProgress').length).toBeGreaterThan(0);
    await running[0]!.stop();
    expect(await keys('uploads/')).toEqual([]);
    expect(await readdir(join(dir, 'scratch'))).toEqual([]);
  });

  it('answers a repeated command with the same version, also under another ingest id', async () => {
    await service().start();
    await send(
      ingestCommand('synthetic-low-high', small),
      ingestCommand('synthetic-low-high', { ...small, marginLow: 0.5 }),
    );
    const both = (await answered(2)) as WholeEnvelopeOf<'dataset.versionCreated'>[];
    await send(ingestCommand('synthetic-low-high', small));
    const third = ((await answered(3)) as WholeEnvelopeOf<'dataset.versionCreated'>[])[2]!;
    for (const e of both) expect(e.data.manifest).toEqual(third.data.manifest);
    expect(new Set((await answers()).map((e) => e.id)).size).toBe(3);
  });

  it('answers what it can not do with a clear failure, leaves nothing behind and goes on', async () => {
    await service().start();
    await send(
      ingestCommand('imagenet'),
      ingestCommand('mnist', { strength: 1 }),
      ingestCommand('synthetic-low-high', small),
    );
    const all = await answered(3);
    expect(all.map((e) => e.type).sort()).toEqual([
      'dataset.ingestFailed',
      'dataset.ingestFailed',
      'dataset.versionCreated',
    ]);
    const failure = all.find(
      (e): e is EnvelopeOf<'dataset.ingestFailed'> => e.type === 'dataset.ingestFailed' && e.data.name === 'imagenet',
    )!;
    expect(failure.data.error).toMatch(/there is no dataset 'imagenet'; known are/);
    expect(
      (await keys()).every(
        (k) => k.startsWith(`datasets/${datasetIdOf('local', 'synthetic-low-high')}/`) || k.startsWith('uploads/'),
      ),
    ).toBe(true);
  });

  it('fails on a truncated local file and works when it is whole', async () => {
    await mkdir(join(dir, 'data'));
    for (const stem of ['train', 't10k']) {
      await writeFile(join(dir, 'data', `${stem}-images-idx3-ubyte.gz`), Buffer.from([0x1f, 0x8b, 8, 0]));
      await writeFile(join(dir, 'data', `${stem}-labels-idx1-ubyte.gz`), Buffer.from([0x1f, 0x8b, 8, 0]));
    }
    await service({ dataDir: join(dir, 'data') }).start();
    await send(ingestCommand('mnist'));
    const [failed] = (await answered(1)) as [EnvelopeOf<'dataset.ingestFailed'>];
    expect(failed.data.error).toMatch(/^train-images-idx3-ubyte.gz: its 4 bytes are no whole gzip stream .*Replace it/);
    expect((await keys()).filter((k) => !k.startsWith('uploads/'))).toEqual([]);
    await rm(join(dir, 'data'), { recursive: true });
    await mkdir(join(dir, 'data'));
    await send(ingestCommand('mnist'));
    const [, created] = (await answered(2)) as [unknown, WholeEnvelopeOf<'dataset.versionCreated'>];
    expect(created.data.manifest.note).toMatch(/bundled subset/);
  });

  it('goes on after a stop in the middle with what was taken and not answered', async () => {
    // a server that takes requests and never answers
    const server = createServer(() => {}).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close().closeAllConnections());
    const { port } = server.address() as AddressInfo;
    const first = service({ fetch: (_, init) => fetch(`http://127.0.0.1:${port}/`, init) });
    await first.start();
    await send(ingestCommand('mnist'));
    while ((await keys('uploads/')).length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await first.stop();
    expect(await answers()).toEqual([]);
    await service().start();
    const [answer] = await answered(1);
    expect(answer!.type).toBe('dataset.versionCreated');
  });

  it('does what an interrupted start had left half stored', async () => {
    await service().start();
    await send(ingestCommand('synthetic-low-high', small));
    const [{ data }] = (await answered(1)) as [WholeEnvelopeOf<'dataset.versionCreated'>];
    await running[0]!.stop();
    // as after a kill between two arrays: no manifest, one array torn, the command still pending
    await store.remove(`${data.prefix}manifest.json`);
    await store.put(`${data.prefix}data/train-inputs.npy`, Buffer.from('torn'));
    await store.put(
      'uploads/data-ingest/0123456789abcdef0123456789abcdef.json',
      Buffer.from(JSON.stringify(ingestCommand('synthetic-low-high', small))),
    );
    await service().start();
    const again = ((await answered(2)) as WholeEnvelopeOf<'dataset.versionCreated'>[])[1]!;
    expect(again.data.manifest.versionId).toBe(data.manifest.versionId);
    expect((await store.stat(`${data.prefix}data/train-inputs.npy`))!.size).toBe(
      data.manifest.splits[0]!.inputs.sizeBytes,
    );
  });

  it('deletes a version whole, says so, and can make it again', async () => {
    await service().start();
    await send(ingestCommand('synthetic-low-high', small));
    const [{ data }] = (await answered(1)) as [WholeEnvelopeOf<'dataset.versionCreated'>];
    await send(deleteCommand('synthetic-low-high', data.manifest.versionId));
    const deleted = (await answered(2))[1] as EnvelopeOf<'dataset.versionDeleted'>;
    expect(deleted.data).toEqual({ versionId: data.manifest.versionId, name: 'synthetic-low-high' });
    expect(await keys(data.prefix)).toEqual([]);
    await send(ingestCommand('synthetic-low-high', small));
    const again = (await answered(3))[2] as WholeEnvelopeOf<'dataset.versionCreated'>;
    expect(again.data.manifest.versionId).toBe(data.manifest.versionId);
    expect(await keys(data.prefix)).toContain(`${data.prefix}manifest.json`);
  });
});
