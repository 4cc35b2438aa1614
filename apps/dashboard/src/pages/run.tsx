import { useState } from 'react';
import { Link, useParams } from 'react-router';
import { cancelRunMutation, retryRunMutation, runPageQuery, runUpdatedSubscription } from '../graphql/operations.gen';
import { useAction, useLoaded } from '../graphql/use-graphql';
import { useFollow } from '../live/use-follow';
import { useThrottled } from '../live/use-throttled';
import { Bar } from '../parts/bar';
import { StateChip } from '../parts/chips';
import { CurvePanel } from '../parts/curve-panel';
import { duration, elapsed, moment, shortId } from '../parts/format';
import { LogView } from '../parts/log-view';
import { MetricsTable } from '../parts/metrics-table';
import { Empty, Failure, Loading } from '../parts/notices';
import { Signs } from '../parts/signs';

const over = ['SUCCEEDED', 'FAILED', 'CANCELLED'];

/** One run: state, live curve, measurements, failure signs, spec, log. */
export function RunPage() {
  const { id = '' } = useParams();
  const { data, error, loading, reload } = useLoaded(runPageQuery, { id });
  const soon = useThrottled(reload, 1000);
  useFollow(runUpdatedSubscription, { id }, data?.cursor ?? null, {
    cursorOf: (e) => e.runUpdated.cursor,
    onEvent: soon,
    onResync: reload,
  });
  const cancel = useAction(cancelRunMutation);
  const retry = useAction(retryRunMutation);
  const [refused, setRefused] = useState<string | null>(null);
  const run = data?.run;

  if (loading) return <Loading what="run" />;
  if (error && !run) return <Failure message={error} retry={reload} />;
  if (!run) {
    return (
      <Empty title="There is no such run">
        <code>{id}</code> is not known here; it may have been deleted. Go to the <Link to="/runs">runs</Link>.
      </Empty>
    );
  }
  const act = (action: typeof cancel | typeof retry) => async () => {
    setRefused(await action({ input: { id, idempotencyKey: crypto.randomUUID() } }));
    reload();
  };
  const ended = over.includes(run.state);
  return (
    <>
      <h1>
        {run.method}, seed {run.seed} <code>{shortId(run.id)}</code>
      </h1>
      <div className="controls">
        <StateChip state={run.state} />
        {!ended && <Bar value={run.progress} label="Progress of the run" />}
        {!ended && run.etaSeconds !== null && <span>{duration(run.etaSeconds)} left</span>}
        {!ended && (
          <button type="button" disabled={run.cancelRequested} onClick={() => void act(cancel)()}>
            {run.cancelRequested ? 'Cancelling …' : 'Cancel'}
          </button>
        )}
        {(run.state === 'FAILED' || run.state === 'CANCELLED') && (
          <button type="button" onClick={() => void act(retry)()}>
            Retry
          </button>
        )}
      </div>
      {refused && <Failure message={refused} />}
      {error && <Failure message={error} retry={reload} />}
      {run.failure && (
        <div className="notice failure">
          <strong>{run.failure.kind}</strong>
          <p>{run.failure.message}</p>
        </div>
      )}
      {run.signs.length > 0 && <Signs signs={run.signs} />}
      <CurvePanel runId={run.id} curves={run.curves.filter((c) => c.class === null && c.group === null)} />
      <h2>Measurements</h2>
      {run.metrics.length > 0 ? (
        <MetricsTable metrics={run.metrics} />
      ) : (
        <p className="faint">
          {run.state === 'SUCCEEDED' ? 'Being analysed …' : 'They come when the run has succeeded and was analysed.'}
        </p>
      )}
      <h2>What it is</h2>
      <dl className="facts">
        <dt>Run</dt>
        <dd>
          <code>{run.id}</code>
        </dd>
        <dt>Model</dt>
        <dd>{run.model}</dd>
        <dt>Data</dt>
        <dd>
          {run.dataset.name}@{run.dataset.version}
          {run.dataset.note ? ` (${run.dataset.note})` : ''}
        </dd>
        {run.memberships.length > 0 && (
          <>
            <dt>Experiment</dt>
            <dd>
              {run.memberships.map((m) => (
                <div key={`${m.experiment} ${m.preset}`}>
                  <Link
                    to={`/runs?experiment=${encodeURIComponent(m.experiment)}&preset=${encodeURIComponent(m.preset)}`}
                  >
                    {m.experiment} {m.preset}
                  </Link>
                  : {m.cell}
                </div>
              ))}
            </dd>
          </>
        )}
        <dt>Attempt, term</dt>
        <dd>
          {run.attempt}, {run.term}
          {run.numericsChanged ? ' (numerics changed on the way)' : ''}
        </dd>
        <dt>Created</dt>
        <dd>{moment(run.createdAt)}</dd>
        <dt>Time</dt>
        <dd>{elapsed(run.startedAt, run.finishedAt) || '–'}</dd>
        <dt>Again</dt>
        <dd>
          <code>{run.reproduce}</code>
        </dd>
      </dl>
      <details>
        <summary>Spec</summary>
        <pre tabIndex={0} aria-label="Spec">
          {JSON.stringify(run.spec, null, 2)}
        </pre>
      </details>
      <h2>Log</h2>
      <LogView key={run.id} runId={run.id} lines={run.log} cursor={data?.cursor ?? null} onResync={reload} />
    </>
  );
}
