import { overviewQuery } from '../graphql/operations.gen';
import { useLoaded } from '../graphql/use-graphql';
import { ExperimentCard } from '../parts/experiment-card';
import { Empty, Failure, Loading } from '../parts/notices';

export function Overview() {
  const { data, error, loading, reload } = useLoaded(overviewQuery, {});
  const experiments = data?.experiments.edges.map((e) => e.node) ?? [];
  return (
    <>
      <h1>Which features does a network learn when labels are augmented?</h1>
      {loading && <Loading what="experiments" />}
      {error && <Failure message={error} retry={reload} />}
      {data && experiments.length === 0 && (
        <Empty title="No experiments">
          A file in <code>experiments/</code> declares one: grid, seeds, claims and endpoints.
        </Empty>
      )}
      <div className="cards">
        {experiments.map((e) => (
          <ExperimentCard key={e.id} experiment={e} />
        ))}
      </div>
    </>
  );
}
