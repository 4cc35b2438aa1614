import {
  checkpointManifest,
  decodeMetricChunk,
  objectKeys,
  parseLogText,
  runHead,
  runResult,
  sha256Hex,
} from '@minvar/contracts';
import type { ChunkRef } from '@minvar/contracts';
import { ObjectNotFoundError, readLargeFrom } from '@minvar/service-kit';
import type { ObjectStore } from '@minvar/service-kit';
import type { ReadChunks, ReadLog, ReadObjects } from './rebuild';

type Store = Pick<ObjectStore, 'get'>;

async function readJson(store: Store, key: string): Promise<unknown> {
  try {
    return JSON.parse(new TextDecoder().decode((await store.get(key)).body));
  } catch (e) {
    if (e instanceof ObjectNotFoundError) return null;
    throw e;
  }
}

/** The chunks that count: those of the result, or of the checkpoint that the head points at. What a zombie wrote is in neither. */
async function chunksOf(store: Store, runId: string): Promise<readonly ChunkRef[]> {
  const head = runHead.safeParse(await readJson(store, objectKeys.runHead(runId))).data;
  if (head?.outcome?.resultKey)
    return runResult.safeParse(await readJson(store, head.outcome.resultKey)).data?.chunks ?? [];
  if (!head?.checkpoint) return [];
  const manifest = await readJson(store, `${head.checkpoint.prefix}manifest.json`);
  return checkpointManifest.safeParse(manifest).data?.chunks ?? [];
}

/** A run's metric series from the object store. Throws when a chunk does not match its hash. */
const readChunksFrom =
  (store: Store): ReadChunks =>
  async (runId) => {
    const chunks = [];
    for (const { key, sha256 } of await chunksOf(store, runId)) {
      const { body } = await store.get(key);
      if (sha256Hex(body) !== sha256) throw new Error(`${key} is damaged: its sha256 is not ${sha256}`);
      // `runs/<id>/metrics/<term>-…`
      const term = Number(/\/metrics\/(\d+)-/.exec(key)?.[1] ?? 0);
      chunks.push({ term, points: decodeMetricChunk(body, key) });
    }
    return chunks;
  };

/** A run's log from the object store: what every owner stored at its checkpoints and end. */
const readLogFrom =
  (store: Store): ReadLog =>
  async (runId) => {
    try {
      return parseLogText(new TextDecoder().decode((await store.get(objectKeys.runLog(runId))).body));
    } catch (e) {
      if (e instanceof ObjectNotFoundError) return [];
      throw e;
    }
  };

/** What a fold needs beside the log, from the object store. */
export const readObjects = (store: Store): Required<ReadObjects> => ({
  readChunks: readChunksFrom(store),
  readLog: readLogFrom(store),
  readLarge: readLargeFrom(store),
});
