import { randomUUID } from 'node:crypto';
import type { Client } from '../client/graphql-client';
import { payloadOf } from '../client/results';
import type { Context } from '../context';
import { ingestDataset } from '../dataset/ingest-dataset';
import { UsageError } from '../errors';
import type { RunLineFragment } from '../graphql/operations.gen';
import { createRunMutation, ingestMutation, retryRunMutation } from '../graphql/operations.gen';

type Spec = Record<string, unknown>;
type Data = Record<string, unknown> & { readonly name: string; readonly version?: string | null };

/** What is asked of data-ingest so that a spec has its data: the parameters of the dataset, the dials among them. */
function parametersOf({ parameters, strength, jitter }: Data): Record<string, unknown> {
  const dials = Object.entries({ strength, jitter }).filter(([, v]) => v !== null && v !== undefined);
  return { ...(parameters as object | undefined), ...Object.fromEntries(dials) };
}

async function ingest(ctx: Context, client: Client, data: Data): Promise<void> {
  const input = { name: data.name, parameters: parametersOf(data) };
  const made = await ingestDataset(client, input, ctx.progress, ctx.signal, async (input) =>
    payloadOf(
      (await client.request(ingestMutation, { input: { ...input, idempotencyKey: randomUUID() } })).ingestDataset,
    ),
  );
  if (data.version && data.version !== made.version) {
    throw new UsageError(
      `the spec is on ${data.name}@${data.version}, but the files here give ${data.name}@${made.version}${made.note ? ` (${made.note})` : ''}: give --data with the files that it was made from, or leave data.version out of the spec`,
    );
  }
}

/**
 * Makes the run of a spec, its dataset version first where there is none; equal specs are one run. One that failed or was
 * cancelled is queued again.
 */
export async function createRun(ctx: Context, client: Client, spec: unknown): Promise<RunLineFragment> {
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec))
    throw new UsageError(`a run's spec is a JSON object, not ${JSON.stringify(spec)?.slice(0, 80)}`);
  const ask = async () => (await client.request(createRunMutation, { input: { spec: spec as Spec } })).createRun;
  let answer = await ask();
  if (answer.__typename === 'NotFoundError') {
    await ingest(ctx, client, (spec as { data: Data }).data);
    answer = await ask();
  }
  const { run } = payloadOf(answer);
  if (run.state !== 'FAILED' && run.state !== 'CANCELLED') return run;
  const input = { id: run.id, idempotencyKey: randomUUID() };
  return payloadOf((await client.request(retryRunMutation, { input })).retryRun).run;
}
