import { access } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { datasetManifest, objectKeys } from '@minvar/contracts';
import type { ExportFormat } from '@minvar/service-data-ingest';
import type { Client } from '../client/graphql-client';
import { fromCaller } from '../connection';
import type { Context } from '../context';
import { outJson } from '../context';
import { chosenOf, UsageError, WorkError } from '../errors';
import { datasetFilesQuery } from '../graphql/operations.gen';
import { makeFolder } from '../output/write-out';

interface PullOptions {
  readonly format: string;
  readonly out?: string;
  readonly json?: boolean;
}

const pathOf = (link: string): string => decodeURIComponent(new URL(link, 'http://relative.invalid').pathname);

/** The export format of that name; a UsageError with a near miss when there is none. */
export async function formatOf(text: string): Promise<ExportFormat> {
  const { exportFormats } = await import('@minvar/service-data-ingest');
  return chosenOf('--format', text, exportFormats);
}

/** Writes a dataset version as files for other programs, from the links of its arrays; every array is checked by hash. */
export async function pullDataset(
  ctx: Context,
  client: Client,
  { name, version }: { readonly name: string; readonly version: string },
  options: PullOptions,
): Promise<void> {
  const { exportVersion } = await import('@minvar/service-data-ingest');
  const format = await formatOf(options.format);
  const outDir = fromCaller(ctx, options.out ?? '.');
  const { dataset } = await client.request(datasetFilesQuery, { name, version });
  if (!dataset) throw new WorkError(`${name}@${version} is gone: it was deleted meanwhile`);
  const links = new Map(dataset.artifacts.map((a) => [pathOf(a.url), a.url]));
  const open = async (ending: string): Promise<Response> => {
    const path = [...links.keys()].find((p) => p.endsWith(`/${ending}`));
    if (!path) throw new WorkError(`the gateway gives no link to '${ending}' of ${name}@${version}`);
    return client.open(links.get(path)!);
  };
  const manifest = datasetManifest.parse(await (await open('manifest.json')).json());
  if (format === 'imagefolder' && manifest.input.kind !== 'image')
    throw new UsageError(`${name} holds no images: take --format npz or --format parquet`);
  await makeFolder(outDir);
  const prefix = objectKeys.datasetPrefix(manifest.datasetId, manifest.versionId);
  const label = `${name}@${version}`;
  let written: string[];
  try {
    written = await exportVersion({
      store: {
        getStream: async (key) => {
          const { body } = await open(key.startsWith(prefix) ? key.slice(prefix.length) : key);
          return { body: Readable.fromWeb(body as NodeReadableStream<Uint8Array>) };
        },
      },
      manifest,
      format,
      outDir,
      onProgress: (done, total) => ctx.progress.update({ label, done, total, unit: 'examples' }),
    });
  } catch (e) {
    throw e instanceof Error && ((e as NodeJS.ErrnoException).code || e.name === 'HashMismatchError')
      ? new WorkError(`${label} could not be written to ${outDir}: ${e.message}`, { cause: e })
      : e;
  } finally {
    ctx.progress.clear();
  }
  for (const path of written) await access(path);
  if (options.json) return outJson(ctx, { name, version, format, files: written });
  await ctx.out(`${written.join('\n')}\n`);
}
