import type { VersionLookup } from '@minvar/coordination';
import type { Context } from '../context';

/** Dataset versions as expansion looks them up: what an ingest made, or a version by its own name. */
export async function knownVersions({ options: { readModel } }: Context): Promise<VersionLookup> {
  const all = await readModel.queries.knownVersions();
  return ({ ingestId, name, version }) => {
    const made = all.find((v) => v.ingestId === ingestId);
    if (made && (version === null || made.version === version)) return made;
    return version === null ? null : (all.find((v) => v.name === name && v.version === version) ?? null);
  };
}
