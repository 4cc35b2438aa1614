import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CheckpointManifest, CheckpointPointer, RunHead } from '@minvar/contracts';
import { encodeMetricChunk, objectKeys, sha256Hex } from '@minvar/contracts';
import { queuedHead } from '@minvar/coordination';
import type { ObjectStore } from '@minvar/service-kit';
import { createFolderStore } from '@minvar/service-kit';
import { restoreCheckpoint, storeCheckpoint } from './checkpoints';

const runId = 'run_00000000000000000000000000000001';
const specHash = 'spec';
const fingerprint = {
  tensorflow: 't',
  build: 'b',
  device: 'cpu' as const,
  deviceName: 'd',
  instructionSet: 'i',
  intraOpThreads: 1,
  interOpThreads: 1,
  deterministic: true,
};
const array = objectKeys.activations(runId, 1);

let dir: string;
let store: ObjectStore;
let head: RunHead;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'minvar-checkpoints-'));
  store = await createFolderStore({ dir: join(dir, 'store') });
  const pointers = [await checkpointAt(10), await checkpointAt(20)];
  head = {
    ...queuedHead({ projectId: 'local', runId, specHash, priority: 0, shareKey: runId }, { at: '', nonce: '' }),
    checkpoint: pointers[1]!,
    previousCheckpoint: pointers[0]!,
  };
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A checkpoint with a part of the series and a stored pass of its own. */
async function checkpointAt(step: number): Promise<CheckpointPointer> {
  const files = ['model', 'optimizer'].map((name) => {
    const bytes = Buffer.from(`${name} at step ${step}: ${'0123456789'.repeat(20)}`);
    writeFileSync(join(dir, `${name}.safetensors`), bytes);
    return { name: `${name}.safetensors`, sizeBytes: bytes.length, sha256: sha256Hex(bytes) };
  });
  const put = async (key: string, bytes: Uint8Array) => {
    await store.put(key, bytes);
    return { key, sha256: sha256Hex(bytes), sizeBytes: bytes.length };
  };
  const chunk = await put(
    objectKeys.metricChunk(runId, 1, step),
    encodeMetricChunk([
      { metric: 'loss', variant: null, split: 'train', class: null, group: null, step, value: 1, nonFinite: null },
    ]),
  );
  const logits = await put(`${array}${step}-logits.npy`, Buffer.from(`logits at step ${step}`));
  const manifest: CheckpointManifest = {
    ...{ v: 1, runId, specHash, term: 1, step, epoch: 1, epochStep: 0, files, fingerprint, history: [fingerprint] },
    random: { seed: 0, scheme: 'philox4x32-10/v1' },
    carry: {},
    chunks: [{ key: chunk.key, sha256: chunk.sha256, points: 1 }],
    outputs: [{ epoch: 1, split: 'test', examples: 1, arrays: { logits } }],
  };
  return storeCheckpoint(store, dir, manifest);
}

const restore = async () => {
  const said: string[] = [];
  const restored = await restoreCheckpoint(store, head, join(dir, 'resume'), ({ prefix }, because) =>
    said.push(`${prefix}: ${because}`),
  );
  return { step: restored?.pointer.step ?? null, said };
};
const read = async (key: string): Promise<Buffer> => Buffer.from((await store.get(key)).body);

const at = (step: number, name: string): string => `${objectKeys.checkpoint(runId, 1, step)}${name}`;
const parts = (step: number): Record<string, string> => ({
  'model.safetensors': at(step, 'model.safetensors'),
  'optimizer.safetensors': at(step, 'optimizer.safetensors'),
  'manifest.json': at(step, 'manifest.json'),
  'part of the series': objectKeys.metricChunk(runId, 1, step),
  'stored pass': `${array}${step}-logits.npy`,
});
const damages: Record<string, (key: string) => Promise<unknown>> = {
  truncated: async (key) => store.put(key, (await read(key)).subarray(0, -1)),
  emptied: (key) => store.put(key, new Uint8Array(0)),
  lengthened: async (key) => store.put(key, Buffer.concat([await read(key), Buffer.from([0])])),
  'with a flipped bit in its middle': async (key) => {
    const bytes = await read(key);
    bytes[bytes.length >> 1]! ^= 1;
    return store.put(key, bytes);
  },
  'with a flipped last byte': async (key) => {
    const bytes = await read(key);
    bytes[bytes.length - 1]! ^= 0xff;
    return store.put(key, bytes);
  },
  missing: (key) => store.remove(key),
};

describe('a checkpoint', () => {
  it('that is whole is restored, the newest first, without a word', async () => {
    expect(await restore()).toEqual({ step: 20, said: [] });
  });

  describe.each(Object.keys(parts(20)))('whose %s is', (part) => {
    it.each(Object.keys(damages))('%s is found out, and the one before is used', async (damage) => {
      await damages[damage]!(parts(20)[part]!);
      const { step, said } = await restore();
      expect(step).toBe(10);
      expect(said).toHaveLength(1);
      expect(said[0]).toContain(`${runId}/checkpoints/1-20/: `);
      expect(said[0]).toContain(parts(20)[part]!);
    });
  });

  it.each([
    ['its own two files', at(20, 'model.safetensors'), at(20, 'optimizer.safetensors')],
    ['a file and that of the one before', at(20, 'model.safetensors'), at(10, 'model.safetensors')],
    ['the manifest and that of the one before', at(20, 'manifest.json'), at(10, 'manifest.json')],
  ])('with %s exchanged is found out', async (_, a, b) => {
    const [first, second] = [await read(a), await read(b)];
    await store.put(a, second);
    await store.put(b, first);
    const { step, said } = await restore();
    // Where the one before lost a file too there is nothing left to go back to: the run starts from its beginning.
    const both = b.includes('/1-10/');
    expect(step).toBe(both ? null : 10);
    expect(said).toHaveLength(both ? 2 : 1);
  });

  it('of another run or spec is refused', async () => {
    head = { ...head, specHash: 'another' };
    expect((await restore()).step).toBe(null);
  });

  it('whose manifest the contract does not know is refused, though its hash is right', async () => {
    const strange = Buffer.from('{"v":9}');
    await store.put(at(20, 'manifest.json'), strange);
    head = { ...head, checkpoint: { ...head.checkpoint!, manifestSha256: sha256Hex(strange) } };
    expect((await restore()).step).toBe(10);
  });
});
