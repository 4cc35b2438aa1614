import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ArrayFile, DatasetManifest, NpyData } from '@minvar/contracts';
import { encodeNpy, localProject, npyDtypeOf, sha256Hex } from '@minvar/contracts';
import { stream } from '@minvar/random';

const names = Array.from({ length: 10 }, (_, k) => String(k));

/**
 * Random bytes in the shape of CIFAR-10 as a dataset version in a folder: what a step costs does not depend on what the pictures show, and
 * every subject reads the same files.
 */
export function writeSyntheticImages(dir: string, train: number, test: number): DatasetManifest {
  mkdirSync(join(dir, 'data'), { recursive: true });
  const array = (path: string, data: NpyData, shape: readonly number[]): ArrayFile => {
    const bytes = encodeNpy(data, shape);
    writeFileSync(join(dir, path), bytes);
    return { path, dtype: npyDtypeOf(data), shape: [...shape], sizeBytes: bytes.length, sha256: sha256Hex(bytes) };
  };
  const split = (name: string, examples: number): DatasetManifest['splits'][number] => {
    const random = stream({ seed: 0, purpose: 'data' }).fork(name);
    const pixels = Uint8Array.from({ length: examples * 3072 }, () => Math.floor(256 * random.uniform()));
    const labels = Int32Array.from({ length: examples }, (_, i) => i % 10);
    return {
      name,
      examples,
      perClass: names.map((_, k) => labels.filter((y) => y === k).length),
      perGroup: [],
      inputs: array(`data/${name}-inputs.npy`, pixels, [examples, 32, 32, 3]),
      labels: array(`data/${name}-labels.npy`, labels, [examples]),
      attributes: null,
      decodability: null,
    };
  };
  const manifest: DatasetManifest = {
    v: 1,
    projectId: localProject,
    datasetId: 'dataset_bench',
    versionId: 'datasetVersion_bench',
    name: 'cifar10',
    version: 'synthetic',
    parameters: {},
    createdAt: new Date(0).toISOString(),
    title: 'Random images',
    licence: 'none needed',
    citation: 'none',
    official: false,
    note: 'random bytes in the shape of CIFAR-10',
    sources: [],
    classes: names,
    attribute: null,
    features: null,
    input: { kind: 'image', shape: [32, 32, 3], mean: [0.5, 0.5, 0.5], std: [0.29, 0.29, 0.29] },
    splits: [split('train', train), split('test', test)],
    card: { path: 'README.md', sha256: sha256Hex(''), sizeBytes: 0 },
    contentSha256: sha256Hex('bench'),
  };
  writeFileSync(join(dir, 'manifest.json'), JSON.stringify(manifest));
  return manifest;
}
