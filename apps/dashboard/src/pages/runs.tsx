import { Link, useSearchParams } from 'react-router';
import type { RunsQuery, RunState } from '../graphql/operations.gen';
import { filtersQuery, runsQuery, runsUpdatedSubscription } from '../graphql/operations.gen';
import { useLoaded } from '../graphql/use-graphql';
import { useFollow } from '../live/use-follow';
import { useThrottled } from '../live/use-throttled';
import { StateChip } from '../parts/chips';
import { elapsed, moment, number, shortId } from '../parts/format';
import { Empty, Failure, Loading } from '../parts/notices';

type Row = RunsQuery['runs']['edges'][number]['node'];

const states: readonly RunState[] = ['QUEUED', 'CLAIMED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'];
const pageSize = 50;

/** field = name the gateway sorts by; null: not sortable */
const columns: readonly {
  readonly label: string;
  readonly field: string | null;
  readonly minor?: boolean;
  readonly numeric?: boolean;
}[] = [
  { label: 'Run', field: null },
  { label: 'State', field: 'state' },
  { label: 'Method', field: 'method' },
  { label: 'Seed', field: 'seed', numeric: true, minor: true },
  { label: 'Model', field: null, minor: true },
  { label: 'Cell', field: null, minor: true },
  { label: 'Test error', field: null, numeric: true },
  { label: 'Time', field: null, numeric: true, minor: true },
  { label: 'Created', field: 'createdAt', minor: true },
];

const stateText = (r: Row) => (r.state === 'RUNNING' ? ` ${Math.floor(100 * r.progress)} %` : '');
/** The error on the test set; where there are several, on the one whose colours say nothing. */
function TestError({ run }: { readonly run: Row }) {
  const plain = run.errors.filter((m) => m.variant === null);
  const e = ['test', 'test-random'].flatMap((split) => plain.find((m) => m.split === split) ?? [])[0];
  if (!e) return null;
  return (
    <>
      {number(e.value, e.nonFinite)}
      {e.split !== 'test' && <small className="minor"> {e.split.replace(/^test-/, '')}</small>}
    </>
  );
}

/** The runs: filter, order and page are in the address. */
export function Runs() {
  const [search, setSearch] = useSearchParams();
  const get = (name: string) => search.get(name) || null;
  const change = (name: string, value: string | null) =>
    setSearch((s) => {
      if (value) s.set(name, value);
      else s.delete(name);
      if (name !== 'after') s.delete('after');
      return s;
    });
  const field = get('order') ?? 'createdAt';
  const descending = get('direction') !== 'ascending';
  const state = get('state');
  const variables = {
    first: pageSize,
    after: get('after'),
    filter: {
      experiment: get('experiment'),
      preset: get('preset'),
      state: state && states.includes(state as RunState) ? [state as RunState] : null,
      method: get('method') ? [get('method')!] : null,
    },
    orderBy: { field, descending },
  };
  const { data, error, loading, reload } = useLoaded(runsQuery, variables);
  const filters = useLoaded(filtersQuery, {});
  const soon = useThrottled(reload, 1000);
  useFollow(runsUpdatedSubscription, { experiment: get('experiment') }, data?.cursor ?? null, {
    cursorOf: (e) => e.runUpdated.cursor,
    onEvent: soon,
    onResync: reload,
  });
  const runs = data?.runs.edges.map((e) => e.node) ?? [];
  const filtered = ['experiment', 'preset', 'state', 'method'].some((n) => get(n));

  const select = (
    name: string,
    label: string,
    options: readonly { readonly value: string; readonly text: string }[],
  ) => (
    <label>
      {label}{' '}
      <select value={get(name) ?? ''} onChange={(e) => change(name, e.target.value)}>
        <option value="">all</option>
        {options.map((o) => (
          <option key={o.value} value={o.value}>
            {o.text}
          </option>
        ))}
      </select>
    </label>
  );

  return (
    <>
      <h1>Runs</h1>
      <form className="controls" role="search" aria-label="Filter of the runs" onSubmit={(e) => e.preventDefault()}>
        {select(
          'experiment',
          'Experiment',
          filters.data?.experiments.edges.map(({ node }) => ({ value: node.name, text: node.name })) ?? [],
        )}
        {select(
          'state',
          'State',
          states.map((s) => ({ value: s, text: s.toLowerCase() })),
        )}
        {select('method', 'Method', filters.data?.methods.map((m) => ({ value: m.name, text: m.name })) ?? [])}
        {filtered && (
          <button type="button" onClick={() => setSearch({})}>
            Show all
          </button>
        )}
        <span role="status">{data ? `${data.runs.totalCount} run${data.runs.totalCount === 1 ? '' : 's'}` : ''}</span>
      </form>
      {error && <Failure message={error} retry={reload} />}
      {loading && <Loading what="runs" />}
      {data && runs.length === 0 && (
        <Empty title={filtered ? 'No run matches' : 'No runs yet'}>
          {filtered ? (
            'Change the filter, or show all.'
          ) : (
            <>
              Start an experiment on the <Link to="/">overview</Link>.
            </>
          )}
        </Empty>
      )}
      {runs.length > 0 && (
        <div className="scroll" role="region" aria-label="Table of runs" tabIndex={0}>
          <table>
            <thead>
              <tr>
                {columns.map((c) => (
                  <th
                    key={c.label}
                    scope="col"
                    className={[c.minor && 'minor', c.numeric && 'numeric'].filter(Boolean).join(' ')}
                    aria-sort={c.field === field ? (descending ? 'descending' : 'ascending') : undefined}
                  >
                    {c.field ? (
                      <button
                        type="button"
                        className="sort"
                        onClick={() =>
                          setSearch((s) => {
                            s.set('order', c.field!);
                            s.set('direction', c.field === field && descending ? 'ascending' : 'descending');
                            s.delete('after');
                            return s;
                          })
                        }
                      >
                        {c.label}
                        <span aria-hidden="true">{c.field === field ? (descending ? ' ↓' : ' ↑') : ''}</span>
                      </button>
                    ) : (
                      c.label
                    )}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {runs.map((r) => (
                <tr key={r.id}>
                  <td>
                    <Link to={`/runs/${r.id}`}>{shortId(r.id).slice('run_'.length)}</Link>
                  </td>
                  <td className="tight">
                    <StateChip state={r.state} />
                    {stateText(r)}
                  </td>
                  <td className="wide-tight">{r.method}</td>
                  <td className="numeric minor">{r.seed}</td>
                  <td className="minor tight">{r.model}</td>
                  <td className="minor tight">
                    {r.memberships.map((m) => (
                      <div key={`${m.experiment} ${m.preset}`}>
                        {m.cell}
                        <br />
                        <small>
                          {m.experiment} {m.preset}
                        </small>
                      </div>
                    ))}
                  </td>
                  <td className="numeric">
                    <TestError run={r} />
                  </td>
                  <td className="numeric minor">{elapsed(r.startedAt, r.finishedAt)}</td>
                  <td className="minor tight">{moment(r.createdAt)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {data && (data.runs.pageInfo.hasNextPage || get('after')) && (
        <div className="controls">
          {get('after') && (
            <button type="button" onClick={() => change('after', null)}>
              First page
            </button>
          )}
          {data.runs.pageInfo.hasNextPage && (
            <button type="button" onClick={() => change('after', data.runs.pageInfo.endCursor)}>
              Next page
            </button>
          )}
        </div>
      )}
    </>
  );
}
