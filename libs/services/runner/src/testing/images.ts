import type { DatasetManifest } from '@minvar/contracts';
import { datasetIdOf, derivedId, encodeNpy, objectKeys, sha256Hex } from '@minvar/contracts';
import { stream } from '@minvar/random';
import type { ObjectStore } from '@minvar/service-kit';

const side = 16;
const classes = ['red', 'green', 'blue', 'grey'];
export const trainImages = 96;

/** A small dataset version of 16 × 16 colour images, a tint a class under noise, manifest last, as data-ingest leaves it. Answers its id. */
export async function storeImages(store: ObjectStore, projectId: string): Promise<string> {
  const datasetId = datasetIdOf(projectId, 'images');
  const versionId = derivedId('datasetVersion', projectId, 'images', 'v');
  const prefix = objectKeys.datasetPrefix(datasetId, versionId);
  async function array(name: string, data: Uint8Array | Int32Array, shape: readonly number[]) {
    const bytes = encodeNpy(data, shape);
    const path = `data/${name}.npy`;
    await store.put(`${prefix}${path}`, bytes);
    const dtype = data instanceof Uint8Array ? ('uint8' as const) : ('int32' as const);
    return { path, dtype, shape: [...shape], sizeBytes: bytes.length, sha256: sha256Hex(bytes) };
  }
  async function split(name: string, examples: number): Promise<DatasetManifest['splits'][number]> {
    const random = stream({ seed: 0, purpose: 'data' }).fork(name);
    const labels = Int32Array.from({ length: examples }, () => random.below(classes.length));
    const pixels = Uint8Array.from({ length: examples * side * side * 3 }, (_, i) => {
      const tinted = labels[Math.floor(i / (side * side * 3))] === i % 3;
      return random.below(160) + (tinted ? 95 : 0);
    });
    return {
      name,
      examples,
      perClass: classes.map((_, k) => labels.filter((y) => y === k).length),
      perGroup: [],
      inputs: await array(`${name}-inputs`, pixels, [examples, side, side, 3]),
      labels: await array(`${name}-labels`, labels, [examples]),
      attributes: null,
      decodability: null,
    };
  }
  const manifest: DatasetManifest = {
    v: 1,
    projectId,
    datasetId,
    versionId,
    name: 'images',
    version: 'v',
    parameters: {},
    createdAt: '2026-01-01T00:00:00.000Z',
    title: 'Tinted images',
    licence: 'none',
    citation: '',
    official: false,
    note: null,
    sources: [],
    classes,
    attribute: null,
    features: null,
    input: { kind: 'image', shape: [side, side, 3], mean: [0.4, 0.4, 0.4], std: [0.25, 0.25, 0.25] },
    splits: [await split('train', trainImages), await split('test', 40)],
    card: { path: 'README.md', sha256: sha256Hex(''), sizeBytes: 0 },
    contentSha256: sha256Hex('images'),
  };
  await store.put(`${prefix}manifest.json`, Buffer.from(JSON.stringify(manifest)));
  return versionId;
}
