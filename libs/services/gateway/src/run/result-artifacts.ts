import { runResult } from '@minvar/contracts';
import type { ArtifactRef } from '@minvar/contracts';
import type { RunView } from '@minvar/read-model';
import { ObjectNotFoundError } from '@minvar/service-kit';
import type { ObjectStore } from '@minvar/service-kit';

/** What a succeeded run left behind: weights, and the arrays of its stored forward passes. */
export async function resultArtifacts(store: ObjectStore, run: Pick<RunView, 'result_key'>): Promise<ArtifactRef[]> {
  if (run.result_key === null) return [];
  let body: Uint8Array;
  try {
    ({ body } = await store.get(run.result_key));
  } catch (e) {
    if (e instanceof ObjectNotFoundError) return [];
    throw e;
  }
  const result = runResult.parse(JSON.parse(Buffer.from(body).toString('utf8')));
  return [
    { name: 'weights.safetensors', kind: 'weights', mediaType: 'application/octet-stream', ...result.weights },
    ...result.outputs.flatMap((o) =>
      Object.entries(o.arrays).map(([name, a]) => ({
        name: `${o.split}-${o.epoch}-${name}.npy`,
        kind: name,
        mediaType: 'application/x-npy',
        ...a,
      })),
    ),
  ];
}
