import type { RunPageQuery } from '../graphql/operations.gen';
import { number } from './format';

type Metric = NonNullable<RunPageQuery['run']>['metrics'][number];

export const MetricsTable = ({ metrics }: { readonly metrics: readonly Metric[] }) => (
  <div className="scroll" role="region" aria-label="Measurements" tabIndex={0}>
    <table>
      <thead>
        <tr>
          <th scope="col">Metric</th>
          <th scope="col">Variant</th>
          <th scope="col">Split</th>
          <th scope="col" className="numeric minor">
            Epoch
          </th>
          <th scope="col" className="numeric">
            Value
          </th>
          <th scope="col" className="minor">
            Per group
          </th>
        </tr>
      </thead>
      <tbody>
        {metrics.map((m) => (
          <tr key={[m.name, m.variant, m.split, m.selection, m.epoch].join('|')}>
            <td>{m.name}</td>
            <td>{m.variant}</td>
            <td>{m.split}</td>
            <td className="numeric minor">{number(m.epoch)}</td>
            <td className="numeric">{number(m.value, m.nonFinite)}</td>
            <td className="minor">
              {m.perGroup && m.perGroup.length > 0 && (
                <details>
                  <summary>{m.perGroup.length} groups</summary>
                  {m.perGroup.map((g) => (
                    <div key={g.group}>
                      {g.group}: {number(g.value)} ({g.count})
                    </div>
                  ))}
                </details>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);
