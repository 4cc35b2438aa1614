import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../client/graphql-client';
import { ResyncError } from '../client/graphql-client';
import { allPages } from '../client/results';
import { InterruptedError, WorkError } from '../errors';
import type { ExperimentRunStatesQuery, ExperimentState } from '../graphql/operations.gen';
import {
  experimentRunsSubscription,
  experimentRunStatesQuery,
  experimentStandingQuery,
  experimentUpdatedSubscription,
} from '../graphql/operations.gen';
import type { Progress } from '../output/progress';
import { formatSeconds } from '../output/progress';

type RunStanding = NonNullable<ExperimentRunStatesQuery['experiment']>['runs']['edges'][number]['node'];

const ended: readonly ExperimentState[] = ['DONE', 'FAILED', 'CANCELLED'];
const terminal = ['SUCCEEDED', 'FAILED', 'CANCELLED'];
/** seconds without news after which the state is read again, in case an event was about something else */
const quiet = 5;
/** seconds after which an answer is taken as given even though its event was not seen */
const patience = 20;

export interface Followed {
  readonly state: ExperimentState;
  readonly because: readonly string[];
}

/**
 * Waits until an experiment's preset is decided, showing how many of its runs are. Follows from `cursor`, so that nothing
 * between the request and the subscription is missed.
 */
export async function followExperiment(
  client: Client,
  { name, preset, cursor }: { name: string; preset: string; cursor: string },
  progress: Progress,
  signal: AbortSignal,
): Promise<Followed> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const runs = new Map<string, RunStanding>();
  const label = `${name} ${preset}`;
  let wake: () => void = () => undefined;
  let failure: unknown = null;
  // Until the request's own event has come, the state is that of a request before it.
  let accepted = false;
  let readAt = -Infinity;

  const noted = (run: RunStanding): void => {
    const before = runs.get(run.id);
    if (before?.state !== run.state && run.state === 'FAILED') {
      const { kind, message } = run.failure ?? { kind: 'unknown', message: '' };
      progress.line(`${label}: run ${run.id} failed (${kind}): ${message}`);
    }
    runs.set(run.id, run);
  };
  const show = (state: ExperimentState): void => {
    if (state === 'WAITING_FOR_DATA')
      return progress.update({ label, done: 0, total: null, unit: 'runs', note: 'waiting for data' });
    const all = [...runs.values()];
    if (all.length === 0) return;
    const done = all.filter((r) => terminal.includes(r.state)).length;
    // the last step of a run is not its end
    const part = all.filter((r) => r.state === 'RUNNING').reduce((sum, r) => sum + Math.min(r.progress, 0.99), 0);
    const running = all.filter((r) => r.state === 'RUNNING').length;
    const note = state === 'ANALYSING' ? 'analysing' : running > 0 ? `${running} running` : undefined;
    progress.update({ label, done: Math.floor((done + part) * 10) / 10, total: all.length, unit: 'runs', note });
  };
  const readRuns = async (): Promise<void> => {
    const nodes = await allPages(async (after) => {
      const { experiment } = await client.request(experimentRunStatesQuery, { name, preset, after });
      if (!experiment) throw new WorkError(`experiment '${name}' is gone: it was deleted while it ran`);
      return experiment.runs;
    });
    // the newest expansion's runs and no others: those of a request before it may be many
    const before = new Map(runs);
    runs.clear();
    for (const run of nodes) {
      const known = before.get(run.id);
      // an event may have been faster than this answer
      if (known && terminal.includes(known.state) && !terminal.includes(run.state)) runs.set(run.id, known);
      else if (known) noted(run);
      else runs.set(run.id, run);
    }
  };
  const listen = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (e) {
      if (e instanceof ResyncError) {
        accepted = true; // so old that what was asked for has long been answered
        return;
      }
      failure = e;
      wake();
    }
  };

  const started = performance.now();
  const listening = [
    listen(async () => {
      for await (const { runUpdated } of client.follow(
        experimentRunsSubscription,
        { name, after: cursor },
        (e) => e.runUpdated.cursor,
        both,
      )) {
        const { run } = runUpdated;
        if (!run.memberships.some((m) => m.experiment === name && m.preset === preset)) continue;
        if (runs.has(run.id)) noted(run);
        else readAt = -Infinity;
        wake();
      }
    }),
    listen(async () => {
      const variables = { name, preset, after: cursor };
      for await (const { experimentUpdated } of client.follow(
        experimentUpdatedSubscription,
        variables,
        (e) => e.experimentUpdated.cursor,
        both,
      )) {
        accepted ||= experimentUpdated.experiment.name === name;
        wake();
      }
    }),
  ];
  try {
    for (;;) {
      if (signal.aborted) throw new InterruptedError(`${label} was interrupted`);
      if (failure) throw failure;
      accepted ||= performance.now() - started > patience * 1000;
      const { experiment } = await client.request(experimentStandingQuery, { name, preset });
      if (!experiment) throw new WorkError(`experiment '${name}' is gone: it was deleted while it ran`);
      if (accepted && performance.now() - readAt > quiet * 1000 && experiment.state !== 'WAITING_FOR_DATA') {
        readAt = performance.now();
        await readRuns();
      }
      if (accepted) show(experiment.state);
      if (accepted && ended.includes(experiment.state)) {
        const seconds = (performance.now() - started) / 1000;
        progress.clear();
        if (seconds > 1) progress.line(`${label}: ${experiment.state.toLowerCase()} after ${formatSeconds(seconds)}`);
        return { state: experiment.state, because: [...new Set(experiment.claims.map((c) => c.because))] };
      }
      const news = new Promise<void>((resolve) => (wake = resolve));
      const timer = new AbortController();
      await Promise.race([
        news,
        sleep(quiet * 1000, undefined, { signal: AbortSignal.any([timer.signal, both]) }).catch(() => undefined),
      ]);
      timer.abort();
      // events come in bursts: one look at the state for all of them
      await sleep(200, undefined, { signal: both }).catch(() => undefined);
    }
  } finally {
    progress.clear();
    stop.abort();
    await Promise.all(listening);
  }
}
