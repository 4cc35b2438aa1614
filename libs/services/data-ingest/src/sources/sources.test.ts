import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { datasets, encodeIdxImages, encodeIdxLabels } from '@minvar/datasets';
import type { ArchiveFile, DatasetDefinition, SourceArchive, SourceContent, WholeFile } from '@minvar/datasets';
import { tarOf } from '@minvar/datasets/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cachePath } from './download';
import type { Downloadable } from './download';
import { resolveSources } from './resolve';
import type { ResolveOptions } from './resolve';

const sha256 = (b: Uint8Array): string => createHash('sha256').update(b).digest('hex');
// digits of a hash chain: they hardly compress
const content = Buffer.from(
  encodeIdxLabels(Array.from({ length: 50_000 }, (_, i) => createHash('md5').update(String(i)).digest()[0]! % 10)),
);
const packed = gzipSync(content);
const file: Downloadable & WholeFile = {
  kind: 'whole',
  name: 'some-labels.gz',
  unpackedNames: ['some-labels'],
  published: {
    sizeBytes: packed.length,
    md5: createHash('md5').update(packed).digest('hex'),
    sha256: sha256(packed),
  },
  content: { sizeBytes: content.length, sha256: sha256(content) },
  maxContentBytes: 100_000,
  urls: ['https://first.example/some-labels.gz', 'https://second.example/some-labels.gz'],
  bundled: null,
};
const archive = gzipSync(
  tarOf(['x', 'y'].map((name) => ({ name, data: createHash('sha512').update(name).digest() }))),
  {
    level: 0,
  },
);
const archiveFile: Downloadable & ArchiveFile = {
  kind: 'archive',
  name: 'a.tar.gz',
  unpackedNames: [],
  published: { sizeBytes: archive.length, md5: '', sha256: sha256(archive) },
  maxContentBytes: 100_000,
  maxMembers: 10,
  urls: ['https://first.example/a.tar.gz'],
  bundled: null,
};
const definition = { ...(datasets.mnist as unknown as DatasetDefinition), files: [file] };
const ofArchive = { ...definition, files: [archiveFile] };
const mnist = datasets.mnist as unknown as DatasetDefinition;
const bundledDir = fileURLToPath(new URL('../../../../datasets/bundled/', import.meta.url));

let dir: string;
let requests: { host: string; range: string | undefined }[];
let answer: (host: string, request: IncomingMessage, response: ServerResponse) => void;
let close: () => Promise<void>;
let options: ResolveOptions;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'minvar-sources-'));
  requests = [];
  const server = createServer((request, response) => {
    const host = String(request.headers['x-for']);
    requests.push({ host, range: request.headers.range });
    answer(host, request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  close = () => new Promise((done) => (server.closeAllConnections(), server.close(() => done())));
  options = {
    dataDir: null,
    cacheDir: join(dir, 'cache'),
    bundledDir,
    // the official addresses lead to the server of this test
    fetch: (url, init) =>
      fetch(`http://127.0.0.1:${port}/`, {
        ...init,
        headers: { ...(init?.headers as object), 'x-for': new URL(String(url)).host },
      }),
    onProgress: () => {},
    tryNetwork: () => true,
    onOffline: () => {},
    signal: new AbortController().signal,
    answerMs: 2000,
    idleMs: 300,
    pauseMs: () => 1,
  };
});
afterEach(async () => {
  await close();
  await rm(dir, { recursive: true, force: true });
});
const whole = (_: string, __: IncomingMessage, response: ServerResponse): void => void response.end(packed);
const offline: typeof fetch = () =>
  Promise.reject(new TypeError('fetch failed', { cause: new Error('getaddrinfo ENOTFOUND') }));

describe('a download', () => {
  it('is checked, cached, and not asked for again', async () => {
    answer = whole;
    const progress: number[] = [];
    const first = await resolveSources(definition, { ...options, onProgress: (_, done) => progress.push(done) });
    expect(Buffer.from((first.files.get(file.name) as SourceContent).content)).toEqual(content);
    expect(first.sources).toEqual([
      { name: file.name, sizeBytes: packed.length, sha256: file.published.sha256, from: file.urls[0] },
    ]);
    expect(progress.at(-1)).toBe(packed.length);
    await resolveSources(definition, options);
    expect(requests).toHaveLength(1);
  });
  it('goes on where a broken transfer stopped', async () => {
    let cut = (): void => {};
    answer = (_, request, response) => {
      if (requests.length === 1) {
        response.writeHead(200, { 'content-length': packed.length });
        response.write(packed.subarray(0, 1000));
        cut = () => void response.destroy();
        return;
      }
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range!)![1]);
      response.writeHead(206, { 'content-range': `bytes ${from}-${packed.length - 1}/${packed.length}` });
      response.end(packed.subarray(from));
    };
    const { files } = await resolveSources(definition, { ...options, onProgress: (_, done) => done > 0 && cut() });
    expect(files.get(file.name)!.official).toBe(true);
    expect(requests[1]!.range).toMatch(/^bytes=\d+-$/);
  });
  it('takes a home that knows no ranges from its beginning', async () => {
    let cut = (): void => {};
    answer = (host, request, response) => {
      if (requests.length > 1) return whole(host, request, response);
      response.write(packed.subarray(0, 1000));
      cut = () => void response.destroy();
    };
    expect(
      (await resolveSources(definition, { ...options, onProgress: (_, done) => done > 0 && cut() })).files.get(
        file.name,
      )!.official,
    ).toBe(true);
  });
  it('turns to the next home when the first sends other bytes, an error, or stalls', async () => {
    for (const bad of [
      (r: ServerResponse) => r.end(Buffer.alloc(packed.length)),
      (r: ServerResponse) => r.writeHead(503).end(),
      (r: ServerResponse) => r.write(packed.subarray(0, 10)),
      (r: ServerResponse) => r.end(Buffer.alloc(packed.length + 5)),
    ]) {
      await rm(options.cacheDir, { recursive: true, force: true });
      answer = (host, request, response) => {
        if (host === 'first.example') bad(response);
        else if (request.headers.range) response.writeHead(416).end();
        else whole(host, request, response);
      };
      expect((await resolveSources(definition, options)).files.get(file.name)!.official).toBe(true);
    }
  });
  it('asked for twice at a time is fetched once', async () => {
    answer = (host, request, response) => void setTimeout(() => whole(host, request, response), 100);
    const both = await Promise.all([resolveSources(definition, options), resolveSources(definition, options)]);
    for (const { files } of both) expect(files.get(file.name)!.official).toBe(true);
    expect(requests).toHaveLength(1);
  });
  it('that came whole and was never checked is checked, not fetched again', async () => {
    answer = whole;
    for (const [bytes, fetched] of [
      [packed, 0],
      [Buffer.alloc(packed.length), 1],
    ] as const) {
      await rm(options.cacheDir, { recursive: true, force: true });
      requests = [];
      const part = `${cachePath(options.cacheDir, file)}.part`;
      await mkdir(join(part, '..'), { recursive: true });
      await writeFile(part, bytes);
      expect((await resolveSources(definition, options)).files.get(file.name)!.official).toBe(true);
      expect(requests).toHaveLength(fetched);
    }
  });
  it('of an archive is streamed to disk and read from there, and a cached one that was damaged is fetched again', async () => {
    let cut = (): void => {};
    answer = (_, request, response) => {
      cut = () => {};
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? 'bytes=0-')![1]);
      response.writeHead(from > 0 ? 206 : 200, {
        'content-range': `bytes ${from}-${archive.length - 1}/${archive.length}`,
      });
      if (requests.length > 1) return void response.end(archive.subarray(from));
      // the first transfer breaks as soon as something of it has come
      response.write(archive.subarray(0, 500));
      cut = () => void response.destroy();
    };
    const names = async (): Promise<string[]> => {
      const { files, sources } = await resolveSources(ofArchive, {
        ...options,
        onProgress: (_, done) => done > 0 && cut(),
      });
      expect(sources).toEqual([
        { name: 'a.tar.gz', sizeBytes: archive.length, sha256: sha256(archive), from: archiveFile.urls[0] },
      ]);
      const found = files.get('a.tar.gz') as SourceArchive;
      expect([found.official, found.origin]).toEqual([true, 'download']);
      const out: string[] = [];
      for await (const m of found.members()) out.push(m.path);
      return out;
    };
    expect(await names()).toEqual(['x', 'y']);
    expect(requests.map((r) => r.range)).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
    await writeFile(cachePath(options.cacheDir, archiveFile), Buffer.alloc(archive.length));
    expect(await names()).toEqual(['x', 'y']);
    expect(requests).toHaveLength(3);
  });
  it.skipIf(!existsSync('/dev/full'))('onto a full disk says so at once, whatever other homes there are', async () => {
    answer = whole;
    const part = `${cachePath(options.cacheDir, file)}.part`;
    await mkdir(join(part, '..'), { recursive: true });
    await symlink('/dev/full', part);
    await expect(resolveSources(definition, options)).rejects.toThrow(
      /some-labels\.gz could not be written to .*ENOSPC.*Make room there; the download goes on where it stopped/,
    );
    expect(requests).toHaveLength(1);
  });
  it('ends at once when it is stopped, also between two attempts', async () => {
    answer = (_, __, response) => void response.writeHead(503).end();
    const stop = new AbortController();
    const stopped = resolveSources(definition, {
      ...options,
      signal: stop.signal,
      pauseMs: () => (stop.abort(), 60_000),
    });
    await expect(stopped).rejects.toThrow(/abort/i);
  });
  it('gives up with every reason when no home delivers, and leaves no file that looks whole', async () => {
    answer = (host, _, response) =>
      void (host === 'first.example' ? response.writeHead(404).end() : response.end(Buffer.alloc(packed.length)));
    await expect(resolveSources(definition, options)).rejects.toThrow(
      /some-labels.gz could not be downloaded: .*first.example\/some-labels.gz: HTTP 404; .*second.example.*its SHA-256 is .*--data/,
    );
    expect(await readdir(join(cachePath(options.cacheDir, file), '..'))).toEqual([]);
  });
  it('does not wait when nothing can be reached', async () => {
    const seen: string[] = [];
    await expect(
      resolveSources(definition, { ...options, fetch: offline, onOffline: (because) => seen.push(because) }),
    ).rejects.toThrow(/no official home could be reached .*ENOTFOUND.*Put some-labels.gz \(md5 /);
    expect(seen).toHaveLength(1);
    await expect(resolveSources(definition, { ...options, tryNetwork: () => false })).rejects.toThrow(/a moment ago/);
    expect(requests).toHaveLength(0);
  });
  it('falls back to the bundled digits without a network, and only then', async () => {
    const { files, sources } = await resolveSources(mnist, { ...options, fetch: offline });
    expect([...files.values()].map((f) => [f.origin, f.official])).toEqual(Array(4).fill(['bundled', false]));
    expect(sources[0]!.from).toBe('bundled subset (minvar-mnist-5000-train-images-idx3-ubyte.gz)');
  });
});

describe('local copies', () => {
  const small = { images: encodeIdxImages(new Uint8Array(784 * 3), 28, 28), labels: encodeIdxLabels([1, 2, 3]) };
  const put = async (name: string, bytes: Uint8Array): Promise<void> => {
    await mkdir(join(dir, 'data', name, '..'), { recursive: true });
    await writeFile(join(dir, 'data', name), bytes);
  };
  const local = (): ResolveOptions => ({ ...options, dataDir: join(dir, 'data'), fetch: offline });

  it('are found at any depth, packed or not, behind links, and taken though they differ from the official files', async () => {
    await put('a/b/train-images-idx3-ubyte.gz', gzipSync(small.images));
    await put('a/train-labels.idx1-ubyte', small.labels);
    await put('t10k-images-idx3-ubyte', small.images);
    await put('elsewhere/labels', gzipSync(small.labels));
    await symlink(join(dir, 'data/elsewhere/labels'), join(dir, 'data/t10k-labels-idx1-ubyte.gz'));
    await symlink(join(dir, 'data'), join(dir, 'data/a/loop'));
    const { files, sources } = await resolveSources(mnist, local());
    expect([...files.values()].map((f) => [f.origin, f.official])).toEqual(Array(4).fill(['local', false]));
    expect(sources.map((s) => s.from)).toEqual([
      'local file a/b/train-images-idx3-ubyte.gz',
      'local file a/train-labels.idx1-ubyte',
      'local file t10k-images-idx3-ubyte',
      'local file t10k-labels-idx1-ubyte.gz',
    ]);
  });
  it('that are official count as official, unpacked too, and are preferred to nearer ones that are not', async () => {
    await put('some-labels', encodeIdxLabels([1]));
    await put('deep/down/some-labels', content);
    expect((await resolveSources(definition, local())).files.get(file.name)!.official).toBe(true);
  });
  it('that are incomplete are an error that names what is missing, never half of a mixture', async () => {
    await put('train-images-idx3-ubyte.gz', gzipSync(small.images));
    await expect(resolveSources(mnist, local())).rejects.toThrow(
      /train-images-idx3-ubyte.gz in '.*' is not the official file, and train-labels-idx1-ubyte.gz, t10k-images.* is not there to go with it. Put all 4 files/,
    );
  });
  it('that are broken are an error, not a reason to look elsewhere in silence', async () => {
    await put('some-labels.gz', packed.subarray(0, 2000));
    await expect(resolveSources(definition, local())).rejects.toThrow(
      /^some-labels.gz: its 2000 bytes are no whole gzip stream/,
    );
  });
  it('in a folder that does not exist are an error', async () => {
    await expect(resolveSources(mnist, { ...local(), dataDir: join(dir, 'nowhere') })).rejects.toThrow(
      /the data folder '.*nowhere' can't be read \(ENOENT\)/,
    );
  });
});
