import { useId, useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import type { OverviewQuery } from '../graphql/operations.gen';
import { runExperimentMutation, standingQuery, standingUpdatedSubscription } from '../graphql/operations.gen';
import { useAction, useLoaded } from '../graphql/use-graphql';
import { useFollow } from '../live/use-follow';
import { useThrottled } from '../live/use-throttled';
import { Bar } from './bar';
import { Because } from './because';
import { StateChip, VerdictChip } from './chips';
import { Failure, Loading } from './notices';

type Listed = OverviewQuery['experiments']['edges'][number]['node'];

const busy = ['WAITING_FOR_DATA', 'RUNNING', 'ANALYSING'];

/** An experiment at one preset: how it stands, its claims with their verdicts, a button that runs it. */
export function ExperimentCard({ experiment }: { readonly experiment: Listed }) {
  const heading = useId();
  const [search, setSearch] = useSearchParams();
  const wanted = search.get(experiment.name);
  const known = wanted && experiment.presets.includes(wanted) ? wanted : null;
  // what was looked at last, then what was run last
  const preset = known ?? experiment.latestPreset ?? experiment.presets[0] ?? 'quick';
  // one that --set or --seeds made of another: its changes are known to the command line that made it
  const isChanged = preset.includes('+');
  const at = { name: experiment.name, preset };
  const { data, error, loading, reload } = useLoaded(standingQuery, at);
  const soon = useThrottled(reload, 500);
  useFollow(standingUpdatedSubscription, at, data?.cursor ?? null, {
    cursorOf: (e) => e.experimentUpdated.cursor,
    onEvent: soon,
    onResync: reload,
  });
  const run = useAction(runExperimentMutation);
  const [sending, setSending] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const standing = data?.experiment;
  const running = standing ? busy.includes(standing.state) : false;

  const start = async () => {
    setSending(true);
    setRefused(await run({ input: { ...at, idempotencyKey: crypto.randomUUID() } }));
    setSending(false);
    reload();
  };

  return (
    <article className="card" aria-labelledby={heading} data-experiment={experiment.name}>
      <header>
        <h2 id={heading}>{experiment.title}</h2>
        <code>{experiment.name}</code>
      </header>
      <div className="controls">
        <label>
          Preset{' '}
          <select
            value={preset}
            onChange={(e) =>
              setSearch(
                (s) => {
                  s.set(experiment.name, e.target.value);
                  return s;
                },
                { replace: true },
              )
            }
          >
            {experiment.presets.map((p) => (
              <option key={p}>{p}</option>
            ))}
          </select>
        </label>
        {!isChanged && (
          <button
            type="button"
            className="primary"
            disabled={running || sending || !standing}
            onClick={() => void start()}
          >
            {running ? 'Running …' : `Run ${preset}`}
          </button>
        )}
        {standing && <StateChip state={standing.state} />}
        {running && standing && <Bar value={standing.progress} label={`Progress of ${experiment.name}, ${preset}`} />}
        {standing && standing.runs.totalCount > 0 && (
          <Link to={`/runs?experiment=${encodeURIComponent(experiment.name)}&preset=${encodeURIComponent(preset)}`}>
            {standing.runs.totalCount} runs
          </Link>
        )}
      </div>
      {refused && <Failure message={refused} />}
      {error && <Failure message={error} retry={reload} />}
      {loading && <Loading what="verdicts" />}
      {standing && (
        <ul className="claims">
          {standing.claims.map((c) => (
            <li key={c.id}>
              <div>
                <VerdictChip verdict={c.verdict} /> <strong>Claim {c.id}</strong>
              </div>
              <p>{c.text}</p>
              {standing.state !== 'NOT_RUN' && c.because && <Because text={c.because} />}
            </li>
          ))}
        </ul>
      )}
    </article>
  );
}
