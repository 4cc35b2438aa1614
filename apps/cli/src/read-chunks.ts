import { checkpointManifest, decodeMetricChunk, objectKeys, runHead, runResult, sha256Hex } from '@minvar/contracts';
import type { ChunkRef, MetricPoint } from '@minvar/contracts';
import type { ObjectStore } from '@minvar/service-kit';
import { ObjectNotFoundError } from '@minvar/service-kit';

type Chunks = readonly { readonly term: number; readonly points: readonly MetricPoint[] }[];

async function readJson(store: Pick<ObjectStore, 'get'>, key: string): Promise<unknown> {
  try {
    return JSON.parse(new TextDecoder().decode((await store.get(key)).body));
  } catch (e) {
    if (e instanceof ObjectNotFoundError) return null;
    throw e;
  }
}

/** The chunks that count: those of the result, or of the checkpoint that the head points at. What a zombie wrote is in neither. */
async function chunksOf(store: Pick<ObjectStore, 'get'>, runId: string): Promise<readonly ChunkRef[]> {
  const head = runHead.safeParse(await readJson(store, objectKeys.runHead(runId))).data;
  if (head?.outcome?.resultKey) return runResult.parse(await readJson(store, head.outcome.resultKey)).chunks;
  if (!head?.checkpoint) return [];
  return (
    checkpointManifest.safeParse(await readJson(store, `${head.checkpoint.prefix}manifest.json`)).data?.chunks ?? []
  );
}

/** A run's stored metric points, oldest chunk first, for a read model that is rebuilt after the metrics topic was cut. */
export const readChunksFrom =
  (store: Pick<ObjectStore, 'get'>) =>
  async (runId: string): Promise<Chunks> => {
    const chunks = [];
    for (const { key, sha256 } of await chunksOf(store, runId)) {
      const { body } = await store.get(key);
      if (sha256Hex(body) !== sha256) throw new Error(`${key} is damaged: its sha256 is not ${sha256}`);
      chunks.push({ term: Number(/\/metrics\/(\d+)-/.exec(key)?.[1] ?? 0), points: decodeMetricChunk(body, key) });
    }
    return chunks;
  };
