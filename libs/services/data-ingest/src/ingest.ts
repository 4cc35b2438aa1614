import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { datasetIdOf, datasetManifest } from '@minvar/contracts';
import type { DatasetManifest, MessageData } from '@minvar/contracts';
import { completeDatasetParameters, datasets, findDataset } from '@minvar/datasets';
import { ObjectNotFoundError } from '@minvar/service-kit';
import type { ObjectStore } from '@minvar/service-kit';
import { buildVersion } from './build-version';
import { imageDecoder } from './images/decode-image';
import { madeBefore, thisCode } from './made-before';
import { resolveSources } from './sources/resolve';
import type { ResolveOptions } from './sources/resolve';
import { manifestKey, storeVersion } from './store-version';

export interface IngestOptions extends Omit<ResolveOptions, 'onProgress'> {
  readonly store: ObjectStore;
  readonly projectId: string;
  /** folder for scratch files: the arrays of one version, removed afterwards */
  readonly scratchDir: string;
  readonly now: () => Date;
  /** names the code that makes versions; by default this code's own hash */
  readonly madeBy?: string;
  readonly onProgress: (phase: string, doneBytes: number, totalBytes: number | null) => void;
}

/** The manifest in the store, or null when the version does not exist. */
export async function readManifest(
  store: ObjectStore,
  version: { datasetId: string; versionId: string },
): Promise<DatasetManifest | null> {
  try {
    const { body } = await store.get(manifestKey(version));
    return datasetManifest.parse(JSON.parse(Buffer.from(body).toString('utf8')));
  } catch (e) {
    if (e instanceof ObjectNotFoundError) return null;
    throw e;
  }
}

/** how long the work may keep others from being answered, in milliseconds */
const breathEveryMs = 10;

/** Throws when the work is to stop; now and then lets everything else in this process have its turn. */
function createBreathe(signal: AbortSignal): () => Promise<void> {
  let last = performance.now();
  return async () => {
    signal.throwIfAborted();
    if (performance.now() - last < breathEveryMs) return;
    await new Promise((resolve) => setImmediate(resolve));
    last = performance.now();
    signal.throwIfAborted();
  };
}

/**
 * Makes the version of a dataset that these parameters and the sources at hand give, and answers its manifest. A version that
 * exists is left as it is; one that this code made of the same sources is not even made to be compared. Nothing is left behind when it throws.
 */
export async function ingest(
  command: Pick<MessageData<'dataset.ingest'>, 'name' | 'parameters' | 'source'>,
  o: IngestOptions,
): Promise<DatasetManifest> {
  const definition = findDataset(command.name);
  if (!definition)
    throw new Error(`there is no dataset '${command.name}'; known are ${Object.keys(datasets).join(', ')}`);
  if (command.source !== null && !definition.ownFiles)
    throw new Error(
      `dataset '${command.name}' is made from its official files, not from the upload '${command.source}'; leave source out`,
    );
  const parameters = completeDatasetParameters(definition, command.parameters);
  const resolved = await resolveSources(definition, o, { parameters, upload: command.source, store: o.store });
  const { madeBy = thisCode() } = o;
  const making = { madeBy, parameters: { ...parameters }, sources: resolved.sources };
  const before = await madeBefore(o.store, datasetIdOf(o.projectId, definition.name), making);
  if (before) return before;
  const scratchDir = await mkdtemp(join(o.scratchDir, 'build-'));
  try {
    const built = await buildVersion({
      definition,
      parameters,
      resolved,
      projectId: o.projectId,
      scratchDir,
      createdAt: o.now().toISOString(),
      madeBy,
      onProgress: o.onProgress,
      images: imageDecoder,
      breathe: createBreathe(o.signal),
    });
    const existing = await readManifest(o.store, built.manifest);
    if (existing) return existing;
    await storeVersion(o.store, built, o.signal, (done, total) => o.onProgress('storing', done, total));
    return built.manifest;
  } finally {
    await rm(scratchDir, { recursive: true, force: true });
  }
}
