import type { Client } from '../client/graphql-client';
import { allPages } from '../client/results';
import { WorkError } from '../errors';
import type {
  ExperimentResultsQuery,
  ExperimentVerdictsQuery,
  MeasuredFragment,
  Verdict,
} from '../graphql/operations.gen';
import { experimentResultsQuery, experimentVerdictsQuery } from '../graphql/operations.gen';
import type { Machine } from '../machine';

export type ResultRun = NonNullable<ExperimentResultsQuery['experiment']>['runs']['edges'][number]['node'];
export type ExperimentVerdicts = NonNullable<ExperimentVerdictsQuery['experiment']>;

export interface ExperimentResults {
  readonly experiment: ExperimentVerdicts;
  readonly preset: string;
  readonly runs: readonly ResultRun[];
}

/** Everything that is stored about a preset of an experiment. */
export async function readResults(client: Client, name: string, preset: string): Promise<ExperimentResults> {
  const gone = () => new WorkError(`experiment '${name}' is gone: it was deleted meanwhile`);
  const { experiment } = await client.request(experimentVerdictsQuery, { name, preset });
  if (!experiment) throw gone();
  const runs = await allPages(async (after) => {
    const page = await client.request(experimentResultsQuery, { name, preset, after });
    if (!page.experiment) throw gone();
    return page.experiment.runs;
  });
  return { experiment, preset, runs };
}

/** The metrics of a run under every selection rule, each once. */
export function metricsOf(run: ResultRun): MeasuredFragment[] {
  const seen = new Set<string>();
  return [...run.last, ...run.median, ...run.best].filter((m) => {
    const key = JSON.stringify([m.name, m.variant, m.split, m.epoch, m.selection]);
    return !seen.has(key) && seen.add(key);
  });
}

export interface ExperimentDocument {
  readonly experiment: string;
  readonly preset: string;
  readonly runs: readonly {
    readonly id: string;
    readonly method: string;
    readonly seed: number;
    readonly state: string;
    readonly spec: Record<string, unknown>;
    readonly metrics: readonly MeasuredFragment[];
  }[];
  readonly comparisons: ExperimentVerdicts['comparisons'];
  readonly verdicts: readonly { readonly claim: string; readonly verdict: Verdict; readonly because: string }[];
  readonly seconds: number;
  readonly machine: Machine;
}

/** The document of `experiment run --json`. */
export function experimentDocument(results: ExperimentResults, seconds: number, machine: Machine): ExperimentDocument {
  return {
    experiment: results.experiment.name,
    preset: results.preset,
    runs: results.runs.map((r) => ({
      id: r.id,
      method: r.method,
      seed: r.seed,
      state: r.state,
      spec: r.spec,
      metrics: metricsOf(r),
    })),
    comparisons: results.experiment.comparisons,
    verdicts: results.experiment.claims.map((c) => ({ claim: c.id, verdict: c.verdict, because: c.because })),
    seconds: Math.round(seconds * 1000) / 1000,
    machine,
  };
}
