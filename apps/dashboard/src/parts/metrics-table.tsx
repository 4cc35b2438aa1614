import { useSearchParams } from 'react-router';
import type { RunPageQuery } from '../graphql/operations.gen';
import { number } from './format';

type Metric = NonNullable<RunPageQuery['run']>['metrics'][number];

const rowKey = (m: Metric) => `${m.name}|${m.variant ?? ''}`;

/** What was measured: a row a metric, a column a split. Variants and groups are one click away. */
export function MetricsTable({ metrics }: { readonly metrics: readonly Metric[] }) {
  const [search, setSearch] = useSearchParams();
  const withVariants = search.get('variants') === 'all';
  const shown = withVariants ? metrics : metrics.filter((m) => m.variant === null);
  const splits = [...new Set(metrics.map((m) => m.split))];
  const rows = [...new Map(shown.map((m) => [rowKey(m), m])).values()];
  const cell = new Map(shown.map((m) => [`${rowKey(m)}|${m.split}`, m]));
  const hidden = new Set(metrics.map(rowKey)).size - rows.length;
  return (
    <>
      {(hidden > 0 || withVariants) && (
        <div className="controls">
          <label>
            <input
              type="checkbox"
              checked={withVariants}
              onChange={(e) =>
                setSearch(
                  (s) => {
                    if (e.target.checked) s.set('variants', 'all');
                    else s.delete('variants');
                    return s;
                  },
                  { replace: true },
                )
              }
            />{' '}
            All variants{hidden > 0 ? ` (${hidden} more)` : ''}
          </label>
        </div>
      )}
      <div className="scroll" role="region" aria-label="Measurements" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Metric</th>
              {splits.map((s) => (
                <th scope="col" className="numeric" key={s}>
                  {s}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((m) => (
              <tr key={rowKey(m)}>
                <th scope="row">
                  {m.name}
                  {m.variant && <small> {m.variant}</small>}
                </th>
                {splits.map((s) => {
                  const value = cell.get(`${rowKey(m)}|${s}`);
                  return (
                    <td className="numeric" key={s}>
                      {value ? number(value.value, value.nonFinite) : ''}
                      {value && <Groups metric={value} />}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Groups({ metric }: { readonly metric: Metric }) {
  if (!metric.perGroup || metric.perGroup.length === 0) return null;
  return (
    <details>
      <summary>{metric.perGroup.length} groups</summary>
      {metric.perGroup.map((g) => (
        <div key={g.group}>
          {g.group} ({g.count}): {number(g.value)}
        </div>
      ))}
    </details>
  );
}
