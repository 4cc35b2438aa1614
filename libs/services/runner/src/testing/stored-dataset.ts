import type { DatasetManifest } from '@minvar/contracts';
import { datasetIdOf, derivedId, objectKeys, sha256Hex } from '@minvar/contracts';
import type { ObjectStore } from '@minvar/service-kit';

/** One small dataset version, manifest last, as data-ingest leaves it. Answers its id. */
export async function storeDataset(store: ObjectStore, projectId: string): Promise<string> {
  const datasetId = datasetIdOf(projectId, 'digits');
  const versionId = derivedId('datasetVersion', projectId, 'digits', 'v');
  const prefix = objectKeys.datasetPrefix(datasetId, versionId);
  const file = async (name: string, bytes: Uint8Array): Promise<DatasetManifest['splits'][0]['inputs']> => {
    const path = `data/${name}.npy`;
    await store.put(`${prefix}${path}`, bytes);
    return { path, dtype: 'uint8', shape: [bytes.length], sizeBytes: bytes.length, sha256: sha256Hex(bytes) };
  };
  const manifest: DatasetManifest = {
    v: 1,
    projectId,
    datasetId,
    versionId,
    name: 'digits',
    version: 'v',
    parameters: {},
    createdAt: '2026-01-01T00:00:00.000Z',
    title: 'Digits',
    licence: 'none',
    citation: '',
    official: false,
    note: null,
    sources: [],
    classes: ['a', 'b'],
    attribute: null,
    features: null,
    input: { kind: 'image', shape: [2, 2, 1], mean: [0], std: [1] },
    splits: [
      {
        name: 'train',
        examples: 2,
        perClass: [1, 1],
        perGroup: [],
        inputs: await file('train-inputs', Buffer.from('01234567')),
        labels: await file('train-labels', Buffer.from([0, 1])),
        attributes: null,
        decodability: null,
      },
    ],
    card: { path: 'README.md', sha256: sha256Hex(''), sizeBytes: 0 },
    contentSha256: sha256Hex('digits'),
  };
  await store.put(`${prefix}manifest.json`, Buffer.from(JSON.stringify(manifest)));
  return versionId;
}
