import { join } from 'node:path';
import type { DatasetManifest } from '@minvar/contracts';
import type { ArchiveFile, DatasetDefinition, Parameters, Source, SourceFile } from '@minvar/datasets';
import type { ObjectStore } from '@minvar/service-kit';
import { OfflineError, download, findCached, isDownloadable } from './download';
import type { DownloadOptions } from './download';
import { findLocal, findOwn } from './local';
import type { FoundSource } from './open-file';
import { openFile } from './open-file';
import { openUpload } from './upload';

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
  readonly files: ReadonlyMap<string, Source>;
  readonly sources: DatasetManifest['sources'];
}

type Found = ReadonlyMap<string, FoundSource>;

async function fromNetwork(file: SourceFile, o: ResolveOptions): Promise<FoundSource> {
  if (!isDownloadable(file)) throw new OfflineError(`${file.name} has no official home`);
  const { sizeBytes } = file.published;
  const opened = (path: string, from: string): Promise<FoundSource> =>
    openFile(file, path, { origin: 'download', file: file.name, from }, o.signal, (done) =>
      o.onProgress(`checking ${file.name}`, done, sizeBytes),
    );
  const cached = await findCached(o.cacheDir, file, o.signal);
  if (cached) return opened(cached, file.urls[0]!);
  if (!o.tryNetwork()) throw new OfflineError(`${file.name}: no official home could be reached a moment ago`);
  const phase = `downloading ${file.name}`;
  o.onProgress(phase, 0, sizeBytes);
  const { path, url } = await download(file, { ...o, onProgress: (done, total) => o.onProgress(phase, done, total) });
  return opened(path, url);
}

const fromBundle = (file: SourceFile, o: ResolveOptions): Promise<FoundSource> =>
  openFile(
    file,
    join(o.bundledDir, file.bundled!),
    { origin: 'bundled', file: file.name, from: `bundled subset (${file.bundled})` },
    o.signal,
  );

async function fromDataDir(files: readonly SourceFile[], o: ResolveOptions): Promise<Map<string, FoundSource>> {
  const found = new Map<string, FoundSource>();
  if (o.dataDir === null) return found;
  for (const file of files) {
    o.onProgress(`looking for ${file.name}`, 0, null);
    const local = await findLocal(o.dataDir, file, o.signal);
    if (local) found.set(file.name, local);
  }
  return found;
}

/** The archive or folder that the parameters name, from an upload or below the data folder. */
async function findOwnFiles(
  files: readonly SourceFile[],
  upload: string | null,
  store: ObjectStore,
  o: ResolveOptions,
): Promise<Found> {
  const found = new Map<string, FoundSource>();
  for (const file of files as readonly ArchiveFile[]) {
    o.onProgress(`looking for ${file.name}`, 0, null);
    const own =
      upload !== null
        ? await openUpload(file, store, upload, o.signal)
        : o.dataDir === null
          ? null
          : await findOwn(o.dataDir, file, o.signal);
    if (!own)
      throw new Error(
        `there is no '${file.name}' ${o.dataDir === null ? 'and no data folder' : `in '${o.dataDir}'`}. Put a folder of that name, or ${file.unpackedNames.join(', ')}, into the folder that --data (MINVAR_DATA_DIR) names`,
      );
    found.set(file.name, own);
  }
  return found;
}

async function findOfficial(definition: DatasetDefinition, o: ResolveOptions): Promise<Found> {
  const { files, alternatives = [] } = definition;
  const found = await fromDataDir(files, o);
  const locals = found.size;
  const missing = files.filter((f) => !found.has(f.name));
  const foreign = [...found.values()].find((f) => !f.source.official);
  if (missing.length > 0 && foreign) {
    throw new Error(
      `${foreign.source.file} in '${o.dataDir}' is not the official file, and ${missing.map((f) => f.name).join(', ')} is not there to go with it. Put all ${files.length} files of one copy there, or none`,
    );
  }
  if (locals === 0)
    for (const others of alternatives) {
      const instead = await fromDataDir(others, o);
      if (instead.size === others.length) return instead;
    }
  try {
    for (const file of missing) found.set(file.name, await fromNetwork(file, o));
  } catch (e) {
    if (!(e instanceof OfflineError)) throw e;
    o.onOffline(e.message);
    const bundle = files.every((f) => f.bundled !== null);
    if (locals > 0 || !bundle) {
      const names = (set: readonly SourceFile[]): string =>
        set.map((f) => (f.published ? `${f.name} (md5 ${f.published.md5})` : f.name)).join(', ');
      const wanted = [names(missing), ...(locals === 0 ? alternatives.map(names) : [])].join(' or ');
      throw new Error(
        `${e.message}. Put ${wanted} below the folder that --data (MINVAR_DATA_DIR) names, or connect to the network`,
      );
    }
    for (const file of files) found.set(file.name, await fromBundle(file, o));
  }
  return found;
}

/**
 * The source files of a dataset, from the first place that has them: the official ones below `dataDir`, one of the alternatives there, the
 * download cache, the official homes, and for datasets that have one the bundled subset; or the archive that the parameters name. Files of
 * different places are never mixed unless all of them are official. Throws when nothing has them, naming each file and what was tried.
 */
export async function resolveSources(
  definition: DatasetDefinition,
  o: ResolveOptions,
  own: { readonly parameters: Parameters; readonly upload: string | null; readonly store: ObjectStore } | null = null,
): Promise<ResolvedSources> {
  const found =
    definition.ownFiles && own
      ? await findOwnFiles(definition.ownFiles(own.parameters), own.upload, own.store, o)
      : await findOfficial(definition, o);
  return {
    files: new Map([...found].map(([name, f]) => [name, f.source])),
    sources: [...found].map(([name, { sizeBytes, sha256, from }]) => ({ name, sizeBytes, sha256, from })),
  };
}
