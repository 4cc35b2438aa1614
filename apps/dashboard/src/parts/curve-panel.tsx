import { useEffect, useState } from 'react';
import { useSearchParams } from 'react-router';
import { curvePointsSubscription, curveQuery } from '../graphql/operations.gen';
import { useLoaded } from '../graphql/use-graphql';
import { useFollow } from '../live/use-follow';
import { LiveCurve } from './live-curve';
import { Failure } from './notices';
import type { CurveKey, Points } from './series';
import { keyText, sameKey, withPoints } from './series';

/** What is asked for until a point comes, for the place in the log from which points are followed. */
const first: CurveKey = { metric: 'loss', variant: null, split: 'train' };

/** A metric of a run over epochs: what is stored, then what comes. The choice is in the address. */
export function CurvePanel({ runId, curves }: { readonly runId: string; readonly curves: readonly CurveKey[] }) {
  const [search, setSearch] = useSearchParams();
  const [seen, setSeen] = useState<readonly CurveKey[]>([]);
  const options = [...curves, ...seen].filter((k, i, all) => all.findIndex((o) => sameKey(o, k)) === i);
  const wanted = search.get('curve');
  const chosen =
    options.find((k) => keyText(k) === wanted) ?? options.find((k) => k.metric === 'loss') ?? options[0] ?? first;
  const at = { id: runId, metric: chosen.metric, split: chosen.split, variant: chosen.variant };
  const { data, error, reload } = useLoaded(curveQuery, at);
  const [live, setLive] = useState<{ readonly key: string; readonly points: Points }>({ key: '', points: new Map() });
  const key = `${runId} ${keyText(chosen)}`;
  useEffect(() => setLive({ key, points: new Map() }), [key]);

  useFollow(curvePointsSubscription, { runIds: [runId], metrics: null }, data?.cursor ?? null, {
    cursorOf: (e) => e.metricPoints.cursor,
    onResync: reload,
    onEvent: ({ metricPoints: p }) => {
      if (p.class !== null || p.group !== null) return;
      if (!options.some((k) => sameKey(k, p)))
        setSeen((s) => [...s, { metric: p.metric, variant: p.variant, split: p.split }]);
      if (sameKey(p, chosen))
        setLive((l) => ({ key, points: withPoints(l.key === key ? l.points : new Map(), p.steps, p.values) }));
    },
  });

  const series = data?.run?.series;
  const stored =
    series && sameKey(series, chosen)
      ? withPoints(new Map(), series.steps, series.values)
      : new Map<number, number | null>();
  const points = live.key === key ? withPoints(stored, [...live.points.keys()], [...live.points.values()]) : stored;
  return (
    <section aria-label="Curve">
      {options.length > 0 && (
        <div className="controls">
          <label>
            Curve{' '}
            <select
              value={keyText(chosen)}
              onChange={(e) =>
                setSearch(
                  (s) => {
                    s.set('curve', e.target.value);
                    return s;
                  },
                  { replace: true },
                )
              }
            >
              {options.map((k) => (
                <option key={keyText(k)}>{keyText(k)}</option>
              ))}
            </select>
          </label>
        </div>
      )}
      {error && <Failure message={error} retry={reload} />}
      <LiveCurve points={points} label={options.length > 0 ? keyText(chosen) : 'Curve'} />
    </section>
  );
}
