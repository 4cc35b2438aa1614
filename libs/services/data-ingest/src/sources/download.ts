import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SourceFile } from '@minvar/datasets';
import { acquireLock, HomeInUseError } from '@minvar/service-kit';
import type { Lock } from '@minvar/service-kit';
import { hashFile } from './packed-file';

export interface DownloadOptions {
  /** shared by every laboratory of this user */
  readonly cacheDir: string;
  readonly fetch: typeof globalThis.fetch;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
  readonly signal: AbortSignal;
  /** how long a home may take to answer, and to send its next bytes; in milliseconds */
  readonly answerMs?: number;
  readonly idleMs?: number;
  /** pause before attempt n + 1 */
  readonly pauseMs?: (attempt: number) => number;
}

/** No home of the file could be reached: this machine is offline, or they all are. */
export class OfflineError extends Error {
  readonly code = 'OFFLINE';
}

/** A file with homes and published checksums. */
export type Downloadable = SourceFile & { readonly published: NonNullable<SourceFile['published']> };
export const isDownloadable = (file: SourceFile): file is Downloadable =>
  file.published !== null && file.urls.length > 0;

const attempts = 3;
/** what a disk says that takes no more: no other home helps */
const diskErrors = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO']);

/** Where the cache keeps a source file: by its checksum, so that two publishers' files of one name do not meet. */
export const cachePath = (cacheDir: string, file: Downloadable): string =>
  join(cacheDir, 'datasets', file.published.sha256.slice(0, 16), file.name);

/** Path of the cached copy when it is whole, else null. */
export async function findCached(cacheDir: string, file: Downloadable, signal: AbortSignal): Promise<string | null> {
  const path = cachePath(cacheDir, file);
  const kept = await stat(path).catch(() => null);
  if (kept?.size !== file.published.sizeBytes) return null;
  return (await hashFile(path, signal)).sha256 === file.published.sha256 ? path : null;
}

type Attempt = { outcome: 'done' } | { outcome: 'unreachable' | 'failed'; because: string };

async function attempt(url: string, part: string, file: Downloadable, o: DownloadOptions): Promise<Attempt> {
  const have = await stat(part).then(
    (s) => s.size,
    () => 0,
  );
  // all of it came, and nobody was left to check it
  if (have === file.published.sizeBytes) return { outcome: 'done' };
  const stall = new AbortController();
  let timer = setTimeout(() => stall.abort(new Error('no answer')), o.answerMs ?? 5_000);
  const rearm = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => stall.abort(new Error('the transfer stalled')), o.idleMs ?? 30_000);
  };
  let answered = false;
  try {
    const response = await o.fetch(url, {
      headers: have > 0 ? { range: `bytes=${have}-` } : {},
      signal: AbortSignal.any([o.signal, stall.signal]),
    });
    answered = true;
    rearm();
    const resumed =
      response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${have}-`) === true;
    if (!resumed && response.status !== 200) {
      await response.body?.cancel();
      if (have > 0 && (response.status === 416 || response.status === 206)) {
        // what is there does not fit what this home has: from the beginning
        await rm(part, { force: true });
        return await attempt(url, part, file, o);
      }
      return { outcome: 'failed', because: `HTTP ${response.status}` };
    }
    await mkdir(dirname(part), { recursive: true });
    const out = await open(part, resumed ? 'a' : 'w');
    try {
      let done = resumed ? have : 0;
      for await (const chunk of (response.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
        rearm();
        done += chunk.length;
        if (done > file.published.sizeBytes) {
          await rm(part, { force: true });
          return {
            outcome: 'failed',
            because: `it sends more than the ${file.published.sizeBytes} bytes of the official file`,
          };
        }
        await out.write(chunk);
        o.onProgress(done, file.published.sizeBytes);
      }
      await out.sync();
      if (done < file.published.sizeBytes)
        return { outcome: 'failed', because: `the transfer ended at ${done} of ${file.published.sizeBytes} bytes` };
      return { outcome: 'done' };
    } finally {
      await out.close();
    }
  } catch (e) {
    if (o.signal.aborted) throw o.signal.reason;
    if (diskErrors.has((e as NodeJS.ErrnoException).code ?? ''))
      throw new Error(
        `${file.name} could not be written to ${dirname(part)}: ${(e as Error).message}. Make room there; the download goes on where it stopped`,
        { cause: e },
      );
    const cause = (e as { cause?: Error }).cause?.message ?? (e as Error).message;
    return { outcome: answered ? 'failed' : 'unreachable', because: cause };
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until nobody else, in this process or another, downloads the file. */
async function alone(file: Downloadable, { cacheDir, signal }: DownloadOptions): Promise<Lock> {
  const folder = join(cacheDir, 'locks', file.published.sha256.slice(0, 16));
  for (;;) {
    try {
      return await acquireLock(folder, cacheDir);
    } catch (e) {
      if (!(e instanceof HomeInUseError)) throw e;
      await sleep(200, undefined, { signal });
    }
  }
}

/**
 * Downloads a source file into the cache from the first of its official homes that delivers it, going on where an earlier
 * download stopped, checks size and SHA-256 and answers where it lies. Nothing of its size is held in memory. Throws OfflineError at once when no home answers; other failures are tried
 * three times with growing pauses.
 */
export async function download(file: Downloadable, o: DownloadOptions): Promise<{ path: string; url: string }> {
  const lock = await alone(file, o);
  try {
    o.signal.throwIfAborted();
    const path = await findCached(o.cacheDir, file, o.signal);
    return path ? { path, url: file.urls[0]! } : await downloadAlone(file, o);
  } finally {
    await lock.release();
  }
}

async function downloadAlone(file: Downloadable, o: DownloadOptions): Promise<{ path: string; url: string }> {
  const path = cachePath(o.cacheDir, file);
  const part = `${path}.part`;
  const problems: string[] = [];
  for (let n = 1; n <= attempts; n++) {
    let reached = false;
    for (const url of file.urls) {
      const result = await attempt(url, part, file, o);
      if (result.outcome === 'done') {
        const { sha256 } = await hashFile(part, o.signal);
        if (sha256 === file.published.sha256) {
          await rename(part, path);
          return { path, url };
        }
        await rm(part, { force: true });
        problems.push(`${url}: its SHA-256 is ${sha256}, not ${file.published.sha256}`);
        reached = true;
        continue;
      }
      reached ||= result.outcome === 'failed';
      problems.push(`${url}: ${result.because}`);
    }
    if (!reached) throw new OfflineError(`${file.name}: no official home could be reached (${problems.join('; ')})`);
    if (n < attempts)
      await sleep(o.pauseMs?.(n) ?? 500 * 2 ** n * (0.5 + Math.random()), undefined, { signal: o.signal });
  }
  throw new Error(
    `${file.name} could not be downloaded: ${[...new Set(problems)].join('; ')}. Put the file below the folder that --data names`,
  );
}
