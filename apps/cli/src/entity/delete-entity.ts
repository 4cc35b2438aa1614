import { randomUUID } from 'node:crypto';
import type { Client } from '../client/graphql-client';
import { payloadOf } from '../client/results';
import type { Context } from '../context';
import { outJson } from '../context';
import { deleteDatasetVersionMutation, deleteExperimentMutation, deleteRunMutation } from '../graphql/operations.gen';
import { formatBytes } from '../output/progress';

type Kind = 'run' | 'experiment' | 'dataset version';

/** Deletes, or without `--yes` says what would go. */
export async function deleteEntity(
  ctx: Context,
  client: Client,
  kind: Kind,
  id: string,
  label: string,
  { yes, json }: { readonly yes?: boolean; readonly json?: boolean },
): Promise<void> {
  const input = { id, dryRun: !yes, idempotencyKey: yes ? randomUUID() : null };
  const result =
    kind === 'run'
      ? (await client.request(deleteRunMutation, { input })).deleteRun
      : kind === 'experiment'
        ? (await client.request(deleteExperimentMutation, { input })).deleteExperiment
        : (await client.request(deleteDatasetVersionMutation, { input })).deleteDatasetVersion;
  const { objects, bytes, dryRun } = payloadOf(result);
  if (json) return outJson(ctx, { id, objects, bytes: Number(bytes), dryRun });
  const what = `${kind} ${label}: ${objects} object${objects === 1 ? '' : 's'}, ${formatBytes(Number(bytes))}`;
  await ctx.out(dryRun ? `would delete ${what}\nnothing was deleted; add --yes to do it\n` : `deleted ${what}\n`);
}
