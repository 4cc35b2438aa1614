import type { DatasetVersionView, RunView } from '@minvar/read-model';
import type { Context } from '../context';

/** Longest wait for the event that made the version. */
const waitMs = 5000;

/**
 * The dataset version that a run is on. Versions and runs come by different topics: a run may be known a moment before the
 * version that it was made for.
 */
export async function versionOfRun(
  run: RunView,
  { loaders, options: { readModel } }: Context,
): Promise<DatasetVersionView> {
  const id = run.dataset_version_id!;
  const known = await loaders.versions.load(id);
  if (known) return known;
  return new Promise((resolve, reject) => {
    const done = (work: () => void) => {
      clearTimeout(timer);
      stop();
      work();
    };
    const look = async () => {
      const [version] = await readModel.queries.datasetVersionsByIds([id]);
      if (version) done(() => resolve(version));
    };
    const timer = setTimeout(
      () =>
        done(() => reject(new Error(`run ${run.id} is on the dataset version ${id}, which no event has announced`))),
      waitMs,
    );
    const stop = readModel.onChange(() => void look().catch((e: Error) => done(() => reject(e))));
    void look().catch((e: Error) => done(() => reject(e)));
  });
}
