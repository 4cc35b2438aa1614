import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ArrayFile, DatasetManifest, NpyData } from '@minvar/contracts';
import { datasetContentHash, encodeNpy, localProject, npyDtypeOf, sha256Hex } from '@minvar/contracts';
import {
  channelStatistics,
  completeDatasetParameters,
  countClasses,
  countGroups,
  datasets,
  openSource,
} from '@minvar/datasets';

/**
 * A dataset version in a folder, as data-ingest leaves it: arrays and manifest. Digits come from the bundled files, or from full ones of
 * `filesDir` by their official names.
 */
export async function makeDatasetVersion(
  dir: string,
  name: keyof typeof datasets,
  given: Readonly<Record<string, unknown>> = {},
  filesDir?: string,
): Promise<DatasetManifest> {
  const definition = datasets[name];
  const bundled = fileURLToPath(new URL('../../../datasets/bundled/', import.meta.url));
  const files = new Map(
    await Promise.all(
      definition.files.map(
        async (f) =>
          [
            f.name,
            await openSource(
              f,
              readFileSync(filesDir ? join(filesDir, f.name) : join(bundled, f.bundled!)),
              filesDir ? 'local' : 'bundled',
            ),
          ] as const,
      ),
    ),
  );
  mkdirSync(join(dir, 'data'), { recursive: true });
  const array = (path: string, data: NpyData, shape: readonly number[]): ArrayFile => {
    const bytes = encodeNpy(data, shape);
    writeFileSync(join(dir, path), bytes);
    return { path, dtype: npyDtypeOf(data), shape: [...shape], sizeBytes: bytes.length, sha256: sha256Hex(bytes) };
  };
  const parameters = { ...completeDatasetParameters(definition, given) };
  const built = await definition.build({ parameters: parameters as never, files });
  const splits: DatasetManifest['splits'] = [];
  let statistics: { mean: number[]; std: number[] } | null = null;
  for await (const s of built.splits) {
    const { inputs, labels, attributes } = s;
    const dims = built.inputShape.at(-1)!;
    statistics ??=
      inputs instanceof Uint8Array
        ? channelStatistics(inputs, dims)
        : { mean: Array(dims).fill(0), std: Array(dims).fill(1) };
    splits.push({
      name: s.name,
      examples: labels.length,
      perClass: countClasses(labels, built.classes.length),
      perGroup: countGroups(labels, attributes, built.classes, built.attribute?.values ?? null),
      inputs: array(`data/${s.name}-inputs.npy`, inputs, s.shape),
      labels: array(`data/${s.name}-labels.npy`, labels, [labels.length]),
      attributes: attributes && array(`data/${s.name}-attributes.npy`, attributes, [labels.length]),
      decodability: s.decodability,
    });
  }
  const content = {
    name: definition.name as string,
    parameters,
    classes: [...built.classes],
    attribute: built.attribute && { name: built.attribute.name, values: [...built.attribute.values] },
    features: built.features && { low: [...built.features.low], high: [...built.features.high] },
    input: { kind: definition.kind, shape: [...built.inputShape], ...statistics! },
    splits,
  };
  const contentSha256 = datasetContentHash(content);
  return {
    v: 1,
    projectId: localProject,
    datasetId: `dataset_${name}`,
    versionId: `datasetVersion_${contentSha256.slice(0, 32)}`,
    version: contentSha256.slice(0, 12),
    createdAt: '2026-01-01T00:00:00.000Z',
    title: definition.title,
    licence: definition.licence,
    citation: definition.citation,
    official: false,
    note: built.note,
    sources: [],
    card: { path: 'README.md', sha256: sha256Hex(''), sizeBytes: 0 },
    contentSha256,
    ...content,
  };
}
