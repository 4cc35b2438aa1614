import { expect } from 'vitest';
import { graphql, until } from './support';

/**
 * One seed of `spurious-colour`, from the mutation to the verdict, through GraphQL only: asked of the first gateway, followed at the last.
 * Answers the preset's name.
 */
export async function carriesOneExperiment(urls: readonly string[], idempotencyKey: string): Promise<string> {
  const [url, other] = [urls[0]!, urls.at(-1)!];
  const { data } = await graphql<{ runExperiment: { __typename: string; preset: string; message?: string } }>(
    url,
    `
      mutation ($key: String!) {
        runExperiment(input: { name: "spurious-colour", preset: "ci", seeds: 1, idempotencyKey: $key }) {
          __typename
          ... on RunExperimentPayload {
            preset
          }
          ... on Error {
            message
          }
        }
      }
    `,
    { key: idempotencyKey },
  );
  expect(data.runExperiment.message).toBeUndefined();
  const { preset } = data.runExperiment;
  const experiment = await until(
    'the verdict',
    async () => {
      const answer = await graphql<{
        experiment: {
          state: string;
          claims: { verdict: string }[];
          runs: { edges: { node: { state: string; analysed: boolean } }[] };
          comparisons: { seeds: number; difference: number | null }[];
        };
      }>(
        other,
        `
          query ($preset: String!) {
            experiment(name: "spurious-colour") {
              state(preset: $preset)
              claims {
                verdict(preset: $preset)
              }
              runs(preset: $preset) {
                edges {
                  node {
                    state
                    analysed
                  }
                }
              }
              comparisons(preset: $preset) {
                seeds
                difference
              }
            }
          }
        `,
        { preset },
      );
      const e = answer.data.experiment;
      return e.state === 'DONE' ? e : null;
    },
    240,
  );
  expect(experiment.runs.edges.map((e) => e.node)).toEqual(Array(3).fill({ state: 'SUCCEEDED', analysed: true }));
  expect(experiment.comparisons.length).toBeGreaterThan(0);
  for (const c of experiment.comparisons) expect(c.seeds).toBe(1);
  // One seed never decides: at most a direction, and none when the endpoints disagree.
  expect(['DIRECTION_ONLY', 'NOT_DISTINGUISHABLE']).toContain(experiment.claims[0]!.verdict);
  return preset;
}
