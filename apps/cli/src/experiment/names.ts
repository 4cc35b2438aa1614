import type { Client } from '../client/graphql-client';
import { allPages } from '../client/results';
import { unknownName } from '../errors';
import type { ExperimentsQuery } from '../graphql/operations.gen';
import { experimentsQuery } from '../graphql/operations.gen';

export type ListedExperiment = ExperimentsQuery['experiments']['edges'][number]['node'];

export const listExperiments = (client: Client): Promise<ListedExperiment[]> =>
  allPages(async (after) => (await client.request(experimentsQuery, { after })).experiments);

/** The experiment of that name; a UsageError with a near miss when there is none. */
export async function findExperiment(client: Client, name: string): Promise<ListedExperiment> {
  const all = await listExperiments(client);
  const found = all.find((e) => e.name === name);
  if (!found) {
    throw unknownName(
      'experiment',
      name,
      all.map((e) => e.name),
    );
  }
  return found;
}

export function checkPreset(experiment: ListedExperiment, preset: string): void {
  // `quick+1a2b3c4d` is a preset that `--set` or `--seeds` changed
  if (!experiment.presets.includes(preset.split('+')[0]!)) {
    throw unknownName(`preset of '${experiment.name}'`, preset, experiment.presets);
  }
}
