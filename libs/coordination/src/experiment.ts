import type { RunSpec, RunSpecInput } from '@minvar/contracts';
import { canonicalJson, ingestIdOf, runIdOf, runSpecHash, sha256Hex } from '@minvar/contracts';
import type { Cell, ExperimentDefinition, Preset } from './experiment-definition';
import type { Parameters, Registries } from './registries';
import type { Setting } from './set';
import { applies, notApplicable, parseSet, withSetting } from './set';
import { completeRunSpec, datasetParameters, entryOf } from './spec';
import { SpecError } from './spec-error';

export interface DatasetRequest {
  readonly ingestId: string;
  readonly name: string;
  readonly parameters: Parameters;
}

/** A version that exists, as the fold of dataset events knows it. */
export interface KnownVersion {
  readonly versionId: string;
  readonly version: string;
  /** examples of its training split; null when it has none */
  readonly trainExamples: number | null;
}

/** The examples that a run may take from a version: those of its split `train`. */
export const trainExamplesOf = (manifest: {
  readonly splits: readonly { readonly name: string; readonly examples: number }[];
}): number | null => manifest.splits.find((s) => s.name === 'train')?.examples ?? null;

/** Finds the version that an ingest made, or a version by its own name; null when it does not exist (yet). */
export type VersionLookup = (wanted: DatasetRequest & { readonly version: string | null }) => KnownVersion | null;

export interface PlannedRun {
  readonly runId: string;
  readonly spec: RunSpec;
  readonly specHash: string;
  readonly datasetVersionId: string;
  readonly cell: string;
  readonly method: string;
  readonly seed: number;
}

export interface ExpandedExperiment {
  /** `quick`, or `quick+<8 hex>` when settings or the number of seeds differ from the preset's own */
  readonly label: string;
  /** data that must be made first; `runs` is empty until then */
  readonly waitingFor: readonly DatasetRequest[];
  readonly runs: readonly PlannedRun[];
}

export interface ExpansionRequest {
  readonly projectId: string;
  readonly preset: string;
  readonly seeds: number | null;
  readonly set: readonly string[];
  readonly freshNonce: string | null;
}

/** The preset of a definition, or an error that lists what there is. */
export const presetOf = (definition: ExperimentDefinition, preset: string): Preset =>
  entryOf(definition.presets, preset, 'preset');

/** The name under which results are kept: the preset's own, or one that the changes to it give. */
export function presetLabel(preset: Preset, seeds: number | null, set: readonly string[]): string {
  const settings = parseSet(set);
  const count = seeds === null || seeds === preset.seeds ? null : seeds;
  if (settings.length === 0 && count === null) return preset.name;
  return `${preset.name}+${sha256Hex(canonicalJson({ seeds: count, settings })).slice(0, 8)}`;
}

/** Parameters and ingest id of the data that a completed spec needs. */
export function datasetRequest(projectId: string, spec: RunSpec): DatasetRequest {
  const parameters = datasetParameters(spec.data);
  return { ingestId: ingestIdOf(projectId, spec.data.name, parameters, null), name: spec.data.name, parameters };
}

/** A run that asks for more than there is would only find out when it starts; so would every other run of its grid. */
function checkLimit({ data: { limit, name } }: RunSpec, { version, trainExamples }: KnownVersion): void {
  if (limit === null || trainExamples === null || limit <= trainExamples) return;
  throw new SpecError(
    'data.limit',
    limit,
    `data.limit: ${limit} is more than the ${trainExamples} training examples of '${name}' ${version}; lower it (--set data.limit=${trainExamples}) or take all (--set data.limit=null)`,
  );
}

/**
 * The record of a run on a version that exists: spec with the version's name, its hash, and the id that follows. Throws `SpecError` when the
 * version has fewer training examples than `data.limit` asks for.
 */
export function identifyRun(
  projectId: string,
  spec: RunSpec,
  version: KnownVersion,
  freshNonce: string | null,
): Pick<PlannedRun, 'runId' | 'spec' | 'specHash' | 'datasetVersionId'> {
  checkLimit(spec, version);
  const full: RunSpec = { ...spec, data: { ...spec.data, version: version.version } };
  const specHash = runSpecHash(full);
  return { runId: runIdOf(projectId, specHash, freshNonce), spec: full, specHash, datasetVersionId: version.versionId };
}

/**
 * A preset's grid as runs: cells × seeds, settings applied, defaults filled in, ids derived. Throws `SpecError` when the
 * request makes no sense; a setting may concern some cells only, but not none.
 */
export function expandExperiment(
  definition: ExperimentDefinition,
  request: ExpansionRequest,
  registries: Registries,
  versionOf: VersionLookup,
): ExpandedExperiment {
  const preset = presetOf(definition, request.preset);
  if (request.seeds !== null && (!Number.isInteger(request.seeds) || request.seeds < 1 || request.seeds > 10_000)) {
    throw new SpecError('seeds', request.seeds, `seeds: ${request.seeds} is not a whole number from 1 to 10000`);
  }
  const settings = parseSet(request.set);
  const label = presetLabel(preset, request.seeds, request.set);
  const cells = preset.cells.map((cell) => ({
    cell,
    spec: completeRunSpec(withSettings(cell, settings, registries), registries),
  }));
  for (const setting of settings) {
    const specs = preset.cells.map((c) => c.spec);
    if (specs.length > 0 && !specs.some((s) => applies(setting, s, registries))) throw notApplicable(setting, specs);
  }
  const data = cells.map(({ spec }) => {
    const wanted = datasetRequest(request.projectId, spec);
    const found = versionOf({ ...wanted, version: spec.data.version });
    if (found) checkLimit(spec, found);
    return { wanted, found, pinned: spec.data.version };
  });
  const missing = data.filter((d) => d.found === null);
  const unknown = missing.find((d) => d.pinned !== null);
  if (unknown)
    throw new SpecError(
      'data.version',
      unknown.pinned,
      `data.version: '${unknown.wanted.name}' has no version '${unknown.pinned!}'; leave it out to make the current one`,
    );
  if (missing.length > 0) return { label, waitingFor: distinct(missing.map((d) => d.wanted)), runs: [] };
  const seeds = Array.from({ length: request.seeds ?? preset.seeds }, (_, i) => preset.firstSeed + i);
  const runs = cells.flatMap(({ cell, spec }, i) =>
    seeds.map((seed) => ({
      ...identifyRun(request.projectId, { ...spec, seed }, data[i]!.found!, request.freshNonce),
      cell: cell.name,
      method: spec.method.name,
      seed,
    })),
  );
  return { label, waitingFor: [], runs };
}

function withSettings(cell: Cell, settings: readonly Setting[], registries: Registries): RunSpecInput {
  return settings
    .filter((s) => applies(s, cell.spec, registries))
    .reduce<RunSpecInput>((spec, s) => withSetting(spec, s), cell.spec);
}

const distinct = (wanted: readonly DatasetRequest[]): DatasetRequest[] => [
  ...new Map(wanted.map((w) => [w.ingestId, w])).values(),
];
