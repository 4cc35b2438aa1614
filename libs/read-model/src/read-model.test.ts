import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnyEnvelope, EnvelopeOf } from '@minvar/contracts';
import { exampleEnvelopes } from '@minvar/contracts';
import { createLmdbEventLog, createPublisher } from '@minvar/service-kit';
import type { LmdbEventLog } from '@minvar/service-kit';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createReadModel } from './read-model';
import { partitionKey } from './position';
import type { ReadModel, ReadModelOptions } from './read-model';
import { emptySnapshot } from './testing/empty-snapshot';
import { histories } from './testing/histories';
import { bundleWorker } from './testing/worker-url';

let workerUrl: URL;
/** snapshot of an empty read model: opening it is quicker than making a database */
let empty: string;
let home: string;
let log: LmdbEventLog;
const opened: ReadModel[] = [];
const notices: string[] = [];

beforeAll(async () => {
  workerUrl = await bundleWorker();
  empty = await emptySnapshot(workerUrl);
}, 60_000);
afterAll(() => rm(empty, { recursive: true, force: true }));
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'minvar-read-model-'));
  log = await createLmdbEventLog({ dir: join(home, 'log') });
  await cp(empty, join(home, 'read-model'), { recursive: true });
  notices.length = 0;
});
afterEach(async () => {
  for (const model of opened.splice(0)) await model.stop();
  await log.close();
  await rm(home, { recursive: true, force: true });
});

async function start(options: Partial<ReadModelOptions> = {}): Promise<ReadModel> {
  const model = createReadModel({
    database: { kind: 'pglite', workerUrl, dir: join(home, 'read-model') },
    log,
    onNotice: (m) => notices.push(m),
    ...options,
  });
  opened.push(model);
  await model.start();
  return model;
}
async function stop(model: ReadModel): Promise<void> {
  opened.splice(opened.indexOf(model), 1);
  await model.stop();
}

const history = (seed: number, atLeast: number): AnyEnvelope[] =>
  fc.sample(histories, { seed, numRuns: 50 }).find((h) => h.length >= atLeast)!;
const publish = async (model: ReadModel | null, events: readonly AnyEnvelope[]) => {
  // Parts of one moment each, as services append them.
  for (let i = 0; i < events.length; i += 7) {
    const positions = await createPublisher(log).publish(...events.slice(i, i + 7));
    await model?.reached(positions);
  }
};

describe('the read model', { timeout: 180_000 }, () => {
  it('folds commands and answers questions in the middle of a flood of points', async () => {
    const model = await start();
    const example = exampleEnvelopes.find((e) => e.type === 'run.metricPoints')! as EnvelopeOf<'run.metricPoints'>;
    const { runId } = example.data;
    const points = Array.from({ length: 1000 }, (_, step) => ({ ...example.data.points[0]!, step }));
    const flood = Array.from({ length: 60 }, (_, i) => ({
      ...example,
      id: `flood:${i}`,
      data: { runId, points: points.map((p) => ({ ...p, step: p.step + 1000 * i })) },
    }));
    const positions = await createPublisher(log).publish(...flood);
    const { topic, partition } = positions[0]!;
    const folded = () => model.position().get(partitionKey(topic, partition)) ?? 0;
    while (folded() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const create = exampleEnvelopes.find((e) => e.type === 'run.create')! as EnvelopeOf<'run.create'>;
    await model.reached(await createPublisher(log).publish(create));
    expect(await model.queries.runsByIds([create.data.runId])).toHaveLength(1);
    expect(folded()).toBeLessThan(flood.length);
    await model.reached(positions, 120_000);
    const report = await model.rebuild();
    expect(report.after).toBe(report.before);
  });

  it('folded live equals its rebuild, and goes on after it', async () => {
    const [first, second] = [history(1, 60), history(2, 40)];
    const model = await start();
    expect(model.ready()).toBe(true);
    await publish(model, first);
    const live = await model.hash();
    const report = await model.rebuild();
    expect(report.before).toBe(live);
    expect(report.after).toBe(live);
    expect(report.events).toBeGreaterThan(30);
    const before = await model.hash();
    await publish(
      model,
      second.map((e) => ({ ...e, id: `later:${e.id}` })),
    );
    expect(await model.hash()).not.toBe(before);
    const again = await model.rebuild();
    expect(again.after).toBe(again.before);
  });

  it('starts again from its snapshot and the tail of the log, and equals a fold from the beginning', async () => {
    const events = history(3, 80);
    const model = await start();
    await publish(model, events.slice(0, 50));
    await stop(model);
    expect((await readdir(join(home, 'read-model'))).length).toBe(2);
    await publish(null, events.slice(50));
    const next = await start();
    expect(notices).toEqual([]);
    const { before, after } = await next.rebuild();
    expect(before).toBe(after);
  });

  it('folds the log from the beginning when its snapshot is damaged', async () => {
    const model = await start();
    await publish(model, history(4, 50));
    const hash = await model.hash();
    await stop(model);
    const dir = join(home, 'read-model');
    const dump = (await readdir(dir)).find((f) => f.endsWith('.gz'))!;
    const bytes = await readFile(join(dir, dump));
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(join(dir, dump), bytes);
    const damaged = await start();
    expect(notices.join()).toContain('its hash differs');
    expect(await damaged.hash()).toBe(hash);
  });

  it('moves a message that cannot be read to the dead letters, and on', async () => {
    const model = await start();
    const topic = 'minvar.run.events.v1';
    await log.append([{ topic, key: 'run_x', headers: { ce_type: 'run.queued' }, value: Buffer.from('{') }]);
    await publish(model, history(5, 30));
    const [dead] = await log.end(['minvar.gateway.dead']);
    expect(dead!.offset).toBe(1);
    const { before, after } = await model.rebuild();
    expect(before).toBe(after);
  });

  it('has the curves from the stored chunks once the metrics topic has been cut', async () => {
    const events = history(6, 60);
    const model = await start();
    await publish(model, events);
    const hash = await model.hash();
    const chunks = new Map<string, { term: number; points: never[] }[]>();
    for (const e of events) {
      if (e.type !== 'run.metricPoints') continue;
      chunks.set(e.data.runId, [
        ...(chunks.get(e.data.runId) ?? []),
        { term: e.term ?? 0, points: e.data.points as never[] },
      ]);
    }
    await stop(model);
    await rm(join(home, 'read-model'), { recursive: true });
    await cp(empty, join(home, 'read-model'), { recursive: true });
    await log.close();
    log = await createLmdbEventLog({ dir: join(home, 'log'), now: () => Date.now() + 8 * 24 * 3600 * 1000 });
    await log.prune();
    expect((await log.begin(['minvar.run.metrics.v1'])).some((p) => p.offset > 0)).toBe(true);
    const restored = await start({ readChunks: async (runId) => chunks.get(runId) ?? [] });
    expect(await restored.hash()).toBe(hash);
    const { before, after } = await restored.rebuild();
    expect(after).toBe(before);
  });
});
