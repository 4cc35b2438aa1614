import { randomUUID } from 'node:crypto';
import type { Client } from '../client/graphql-client';
import { payloadOf } from '../client/results';
import type { Context } from '../context';
import type { ExperimentState } from '../graphql/operations.gen';
import { runExperimentMutation } from '../graphql/operations.gen';
import type { ExperimentResults } from './experiment-document';
import { readResults } from './experiment-document';
import { followExperiment } from './follow-experiment';

export interface ExperimentRequest {
  readonly name: string;
  readonly preset: string;
  readonly seeds?: number | undefined;
  readonly set?: readonly string[];
  readonly fresh?: boolean;
}

export interface ExperimentOutcome {
  readonly results: ExperimentResults;
  readonly state: ExperimentState;
  readonly seconds: number;
  /** every run succeeded and the preset was judged */
  readonly ok: boolean;
}

/** Asks for an experiment, follows it to its end and reads what it found. */
export async function runExperiment(
  client: Client,
  request: ExperimentRequest,
  ctx: Context,
): Promise<ExperimentOutcome> {
  const started = performance.now();
  const input = {
    name: request.name,
    preset: request.preset,
    seeds: request.seeds ?? null,
    set: request.set ? [...request.set] : null,
    fresh: request.fresh ?? false,
    idempotencyKey: randomUUID(),
  };
  const accepted = payloadOf((await client.request(runExperimentMutation, { input })).runExperiment);
  const { state } = await followExperiment(
    client,
    { name: request.name, preset: accepted.preset, cursor: accepted.cursor },
    ctx.progress,
    ctx.signal,
  );
  const results = await readResults(client, request.name, accepted.preset);
  return {
    results,
    state,
    seconds: (performance.now() - started) / 1000,
    ok: state === 'DONE' && results.runs.every((r) => r.state === 'SUCCEEDED'),
  };
}
