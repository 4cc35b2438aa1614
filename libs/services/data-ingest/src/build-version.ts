import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { datasetContentHash, datasetIdOf, datasetVersionIdOf, npyHeader, sha256Hex } from '@minvar/contracts';
import type { ArrayFile, DatasetManifest, NpyData, SplitManifest } from '@minvar/contracts';
import { countClasses, countGroups, createChannelCounter, datasetCard } from '@minvar/datasets';
import type { BuiltDataset, BuiltSplit, DatasetDefinition, ImageDecoder, Parameters } from '@minvar/datasets';
import type { ResolvedSources } from './sources/resolve';

export interface BuildVersionInput {
  readonly definition: DatasetDefinition;
  readonly parameters: Parameters;
  readonly resolved: ResolvedSources;
  readonly projectId: string;
  /** empty folder that the arrays are written to, under their manifest paths with `/` replaced by `_` */
  readonly scratchDir: string;
  readonly createdAt: string;
  readonly madeBy: string;
  readonly images: ImageDecoder;
  readonly breathe: () => Promise<void>;
  readonly onProgress: (phase: string, doneBytes: number, totalBytes: number | null) => void;
}

export interface BuiltVersion {
  readonly manifest: DatasetManifest;
  readonly card: string;
  /** manifest path → file in the scratch folder */
  readonly files: ReadonlyMap<string, string>;
}

/** The bytes of an array in blocks of whole pixels (3 bytes) and values (4): nothing is copied. */
function* blocks(data: NpyData): Generator<Uint8Array> {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const size = 3 << 20;
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

/**
 * Builds a version split by split, so that one split at a time is in memory; what it is becomes known at the end, from the
 * hashes of its arrays. Equal content gives the same version id, whenever and from wherever it was made.
 */
export async function buildVersion(input: BuildVersionInput): Promise<BuiltVersion> {
  const { definition, parameters, resolved, projectId } = input;
  const files = new Map<string, string>();

  async function array(
    path: string,
    data: NpyData,
    dtype: ArrayFile['dtype'],
    shape: readonly number[],
  ): Promise<ArrayFile> {
    const local = join(input.scratchDir, path.replaceAll('/', '_'));
    const hash = createHash('sha256');
    const header = npyHeader(dtype, shape);
    let sizeBytes = 0;
    const handle = await open(local, 'w');
    try {
      for (const part of [header, ...blocks(data)]) {
        await input.breathe();
        hash.update(part);
        await handle.writeFile(part);
        sizeBytes += part.length;
      }
    } finally {
      await handle.close();
    }
    files.set(path, local);
    return { path, dtype, shape: [...shape], sizeBytes, sha256: hash.digest('hex') };
  }

  async function split(s: BuiltSplit, built: BuiltDataset): Promise<SplitManifest> {
    const n = s.labels.length;
    const attributes = s.attributes && !s.attributes.every((a) => a < 0) ? s.attributes : null;
    return {
      name: s.name,
      examples: n,
      perClass: countClasses(s.labels, built.classes.length),
      perGroup: countGroups(s.labels, attributes, built.classes, built.attribute?.values ?? null),
      inputs: await array(
        `data/${s.name}-inputs.npy`,
        s.inputs,
        s.inputs instanceof Uint8Array ? 'uint8' : 'float32',
        s.shape,
      ),
      labels: await array(`data/${s.name}-labels.npy`, s.labels, 'int32', [n]),
      attributes: s.attributes && (await array(`data/${s.name}-attributes.npy`, s.attributes, 'int32', [n])),
      decodability: s.decodability,
    };
  }

  /** (x − mean) / std is for images; vectors are taken as they are. */
  async function statisticsOf(s: BuiltSplit, shape: readonly number[]): Promise<{ mean: number[]; std: number[] }> {
    if (!(s.inputs instanceof Uint8Array))
      return { mean: new Array<number>(shape[0]!).fill(0), std: new Array<number>(shape[0]!).fill(1) };
    const counter = createChannelCounter(shape.at(-1)!);
    for (const part of blocks(s.inputs)) {
      await input.breathe();
      counter.add(part);
    }
    return counter.statistics();
  }

  input.onProgress('reading sources', 0, null);
  const built = await definition.build({
    parameters,
    files: resolved.files,
    images: input.images,
    breathe: input.breathe,
    onProgress: input.onProgress,
  });
  const splits: SplitManifest[] = [];
  let statistics: { mean: number[]; std: number[] } | null = null;
  let done = 0;
  for await (const s of built.splits) {
    input.onProgress(`building ${s.name}`, done, null);
    statistics ??= await statisticsOf(s, built.inputShape);
    const entry = await split(s, built);
    splits.push(entry);
    done += entry.inputs.sizeBytes;
    input.onProgress(`building ${s.name}`, done, null);
  }

  const content = {
    name: definition.name,
    parameters: { ...parameters },
    classes: [...built.classes],
    attribute: built.attribute && { name: built.attribute.name, values: [...built.attribute.values] },
    features: built.features && { low: [...built.features.low], high: [...built.features.high] },
    input: { kind: definition.kind, shape: [...built.inputShape], ...statistics! },
    splits,
  };
  const contentSha256 = datasetContentHash(content);
  const withoutCard = {
    v: 1 as const,
    projectId,
    datasetId: datasetIdOf(projectId, definition.name),
    versionId: datasetVersionIdOf(projectId, definition.name, contentSha256),
    version: contentSha256.slice(0, 12),
    createdAt: input.createdAt,
    madeBy: input.madeBy,
    title: definition.title,
    licence: definition.licence,
    citation: definition.citation,
    official: [...resolved.files.values()].every((f) => f.official),
    note: built.note,
    sources: resolved.sources,
    ...content,
    contentSha256,
  };
  const card = datasetCard(definition, withoutCard);
  return {
    manifest: {
      ...withoutCard,
      card: { path: 'README.md', sha256: sha256Hex(card), sizeBytes: Buffer.byteLength(card) },
    },
    card,
    files,
  };
}
