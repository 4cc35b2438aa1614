import { useEffect, useState } from 'react';
import { useSearchParams } from 'react-router';
import { curvePointsSubscription, curveQuery } from '../graphql/operations.gen';
import { useLoaded } from '../graphql/use-graphql';
import { useFollow } from '../live/use-follow';
import { LiveCurve } from './live-curve';
import { Failure } from './notices';
import type { CurveKey, Points } from './series';
import { keyText, sameKey, withPoints } from './series';

const usual: readonly CurveKey[] = [
  { metric: 'loss', variant: null, split: 'train' },
  { metric: 'error', variant: null, split: 'test' },
];

/** A metric of a run over epochs: what is stored, then what comes. The choice is in the address. */
export function CurvePanel({ runId, measured }: { readonly runId: string; readonly measured: readonly CurveKey[] }) {
  const [search, setSearch] = useSearchParams();
  const [seen, setSeen] = useState<readonly CurveKey[]>([]);
  const keys = [...measured, ...seen].filter((k, i, all) => all.findIndex((o) => sameKey(o, k)) === i);
  const options = keys.length > 0 ? keys : usual;
  const wanted = search.get('curve');
  const chosen = options.find((k) => keyText(k) === wanted) ?? options.find((k) => k.metric === 'loss') ?? options[0]!;
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
      if (!keys.some((k) => sameKey(k, p)))
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
      {error && <Failure message={error} retry={reload} />}
      <LiveCurve points={points} label={keyText(chosen)} />
    </section>
  );
}
