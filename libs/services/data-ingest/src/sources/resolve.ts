import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetManifest } from '@minvar/contracts';
import { openSource } from '@minvar/datasets';
import type { DatasetDefinition, SourceContent, SourceFile } from '@minvar/datasets';
import { OfflineError, download, readCached } from './download';
import type { DownloadOptions } from './download';
import { findLocal } from './local';

export interface ResolveOptions extends Omit<DownloadOptions, 'onProgress'> {
  /** folder of local copies; they come first */
  readonly dataDir: string | null;
  readonly bundledDir: string;
  readonly onProgress: (phase: string, doneBytes: number, totalBytes: number | null) => void;
  /** false: the network was found missing a moment ago, don't wait for it again */
  readonly tryNetwork: () => boolean;
  readonly onOffline: (because: string) => void;
}

export interface ResolvedSources {
  readonly files: ReadonlyMap<string, SourceContent>;
  readonly sources: DatasetManifest['sources'];
}

interface Found {
  readonly content: SourceContent;
  readonly bytes: Uint8Array;
  readonly from: string;
}

async function fromNetwork(file: SourceFile, o: ResolveOptions): Promise<Found> {
  const cached = await readCached(o.cacheDir, file);
  if (cached) return { content: await openSource(file, cached, 'download'), bytes: cached, from: file.urls[0]! };
  if (!o.tryNetwork()) throw new OfflineError(`${file.name}: no official home could be reached a moment ago`);
  const phase = `downloading ${file.name}`;
  o.onProgress(phase, 0, file.sizeBytes);
  const { bytes, url } = await download(file, { ...o, onProgress: (done, total) => o.onProgress(phase, done, total) });
  return { content: await openSource(file, bytes, 'download'), bytes, from: url };
}

async function fromBundle(file: SourceFile, o: ResolveOptions): Promise<Found> {
  const bytes = await readFile(join(o.bundledDir, file.bundled!));
  return { content: await openSource(file, bytes, 'bundled'), bytes, from: `bundled subset (${file.bundled})` };
}

/**
 * The source files of a dataset, from the first place that has them: local copies below `dataDir`, the download cache, the
 * official homes, and for datasets that have one the bundled subset. Files of different places are never mixed unless all of
 * them are official. Throws when nothing has them, naming each file and what was tried.
 */
export async function resolveSources(definition: DatasetDefinition, o: ResolveOptions): Promise<ResolvedSources> {
  const found = new Map<string, Found>();
  if (o.dataDir !== null) {
    for (const file of definition.files) {
      o.onProgress(`looking for ${file.name}`, 0, null);
      const local = await findLocal(o.dataDir, file);
      if (local) found.set(file.name, { content: local.source, bytes: local.bytes, from: `local file ${local.path}` });
    }
  }
  const locals = found.size;
  const missing = definition.files.filter((f) => !found.has(f.name));
  const foreign = [...found.values()].find((f) => !f.content.official);
  if (missing.length > 0 && foreign) {
    throw new Error(
      `${foreign.content.file} in '${o.dataDir}' is not the official file, and ${missing.map((f) => f.name).join(', ')} is not there to go with it. Put all ${definition.files.length} files of one copy there, or none`,
    );
  }
  try {
    for (const file of missing) found.set(file.name, await fromNetwork(file, o));
  } catch (e) {
    if (!(e instanceof OfflineError)) throw e;
    o.onOffline(e.message);
    const bundle = definition.files.every((f) => f.bundled !== null);
    if (locals > 0 || !bundle) {
      const wanted = missing.map((f) => `${f.name} (md5 ${f.md5})`).join(', ');
      throw new Error(
        `${e.message}. Put ${wanted} below the folder that --data (MINVAR_DATA_DIR) names, or connect to the network`,
      );
    }
    for (const file of definition.files) found.set(file.name, await fromBundle(file, o));
  }
  const sources = definition.files.map((file) => {
    const { bytes, from } = found.get(file.name)!;
    return { name: file.name, sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex'), from };
  });
  return { files: new Map([...found].map(([name, f]) => [name, f.content])), sources };
}
