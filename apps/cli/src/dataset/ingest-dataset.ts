import type { Client } from '../client/graphql-client';
import { InterruptedError, WorkError } from '../errors';
import type { IngestDatasetInput, VersionFragment } from '../graphql/operations.gen';
import { cursorQuery, datasetProgressSubscription } from '../graphql/operations.gen';
import type { Progress } from '../output/progress';

/** Asks for a version of a dataset and waits until it exists. The cursor is taken before the request, so nothing is missed. */
export async function ingestDataset(
  client: Client,
  input: { readonly name: string; readonly parameters: Record<string, unknown> },
  progress: Progress,
  signal: AbortSignal,
  accept: (input: IngestDatasetInput) => Promise<{ ingestId: string }>,
): Promise<VersionFragment> {
  const { cursor } = await client.request(cursorQuery, {});
  const { ingestId } = await accept({ name: input.name, parameters: input.parameters });
  const variables = { name: input.name, after: cursor };
  try {
    for await (const { datasetProgress: p } of client.follow(
      datasetProgressSubscription,
      variables,
      (e) => e.datasetProgress.cursor,
      signal,
    )) {
      if (p.ingestId !== ingestId) continue;
      if (p.error) throw new WorkError(`${input.name} could not be ingested: ${p.error}`);
      if (p.version) return p.version;
      const total = p.totalBytes === null ? null : Number(p.totalBytes);
      progress.update({ label: `${input.name}: ${p.phase}`, done: Number(p.doneBytes), total, unit: 'bytes' });
    }
  } finally {
    progress.clear();
  }
  throw new InterruptedError(`the ingest of ${input.name} was interrupted`);
}
