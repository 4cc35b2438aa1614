import type { RunSpec, RunSpecInput } from '@minvar/contracts';
import { runSpecSchema } from '@minvar/contracts';
import type { z } from 'zod';
import type { ParameterisedEntry, Parameters, Registries } from './registries';
import { SpecError } from './spec-error';

/** The entry of a registry, or an error that lists what there is. */
export function entryOf<T>(registry: Readonly<Record<string, T>>, name: string, path: string): T {
  const entry = Object.hasOwn(registry, name) ? registry[name] : undefined;
  if (entry === undefined)
    throw new SpecError(
      path,
      name,
      `${path}: there is no '${name}'; known are ${Object.keys(registry).sort().join(', ')}`,
    );
  return entry;
}

/** Turns the first problem that Zod found into an error that names path and value. */
export function problem(error: z.ZodError, value: unknown, prefix = ''): SpecError {
  const issue = error.issues[0]!;
  const path = [...(prefix ? [prefix] : []), ...issue.path.map(String)].join('.');
  const given = issue.path.reduce<unknown>((v, key) => (v as Record<PropertyKey, unknown> | undefined)?.[key], value);
  const shown = given === undefined ? '' : ` (given: ${JSON.stringify(given)})`;
  return new SpecError(path, given, `${path || 'the spec'}: ${issue.message}${shown}`);
}

/** The keys that an object at a path of the spec may have; null where there is no such object. */
function keysAt(path: readonly PropertyKey[]): string[] | null {
  let schema: unknown = runSpecSchema;
  const bare = (s: unknown): unknown =>
    typeof (s as { unwrap?: unknown })?.unwrap === 'function' ? bare((s as { unwrap(): unknown }).unwrap()) : s;
  for (const key of path) schema = bare((schema as { shape?: Record<PropertyKey, unknown> })?.shape?.[key]);
  const shape = (schema as { shape?: Record<string, unknown> } | undefined)?.shape;
  return shape ? Object.keys(shape) : null;
}

/** The first problem of a spec: a key that there is not with those that there are, a missing name with those that are known. */
function specProblem(error: z.ZodError, spec: unknown, registries: Registries): SpecError {
  const issue = error.issues[0]!;
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]!;
    const path = [...issue.path, key].join('.');
    const where = issue.path.length > 0 ? `'${issue.path.join('.')}'` : 'the spec';
    return new SpecError(path, key, `${path}: ${where} has no key '${key}'; it has ${keysAt(issue.path)!.join(', ')}`);
  }
  const known = { data: registries.datasets, model: registries.models, method: registries.methods };
  const [section, name, more] = issue.path;
  const ofSection = Object.hasOwn(known, section ?? '') ? known[section as keyof typeof known] : null;
  const given = (spec as Record<PropertyKey, Record<PropertyKey, unknown> | undefined>)[section!];
  const isMissing = given === undefined || (name === 'name' && more === undefined && given[name] === undefined);
  if (!ofSection || !isMissing) return problem(error, spec);
  const path = `${String(section)}.name`;
  return new SpecError(path, undefined, `${path}: missing; known are ${Object.keys(ofSection).sort().join(', ')}`);
}

/** Parameters with every default filled in; unknown names and bad values are errors. `path` is where they stand in the request. */
export function fillParameters(entry: ParameterisedEntry, given: Parameters, path: string): Parameters {
  const known = Object.keys(entry.parameters.shape);
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      const may = known.length > 0 ? `it has ${known.join(', ')}` : 'it has no parameters';
      throw new SpecError(
        `${path}.${name}`,
        given[name],
        `${path}.${name}: '${entry.name}' has no parameter '${name}'; ${may}`,
      );
    }
  }
  const parsed = entry.parameters.safeParse(given);
  if (!parsed.success) throw problem(parsed.error, given, path);
  return parsed.data as Parameters;
}

/**
 * The record that a request stands for: every default filled in, also those of the method, the model and the dataset, so
 * that equal runs have equal hashes. `data.version` stays as given; a spec is complete for hashing once it names a version.
 */
export function completeRunSpec(input: RunSpecInput, registries: Registries): RunSpec {
  const parsed = runSpecSchema.safeParse(input);
  if (!parsed.success) throw specProblem(parsed.error, input, registries);
  const spec = parsed.data;
  const { name, ...parameters } = spec.method;
  const method = fillParameters(entryOf(registries.methods, name, 'method.name'), parameters, 'method');
  return {
    ...spec,
    data: completeData(spec.data, registries),
    model: completeModel(spec.model, registries),
    method: { name, ...method },
  };
}

const dials = ['strength', 'jitter'] as const;

function completeData(data: RunSpec['data'], registries: Registries): RunSpec['data'] {
  const dataset = entryOf(registries.datasets, data.name, 'data.name');
  // As data-ingest reads them: null stands for the default.
  const given: Record<string, Parameters[string]> = Object.fromEntries(
    Object.entries(data.parameters).filter(([, v]) => v !== null),
  );
  for (const dial of dials) {
    if (data[dial] === null) continue;
    if (!(dial in dataset.parameters.shape))
      throw new SpecError(`data.${dial}`, data[dial], `data.${dial}: '${data.name}' has no ${dial}; leave it null`);
    given[dial] = data[dial];
  }
  const filled = fillParameters(dataset, given, 'data.parameters');
  const { strength, jitter, ...parameters } = filled;
  return {
    ...data,
    strength: (strength as number | undefined) ?? null,
    jitter: (jitter as number | undefined) ?? null,
    parameters,
  };
}

function completeModel({ name, ...settings }: RunSpec['model'], registries: Registries): RunSpec['model'] {
  const given = Object.fromEntries(Object.entries(settings).filter(([, v]) => v !== null));
  const filled = fillParameters(entryOf(registries.models, name, 'model.name'), given, 'model');
  // What the model has no setting for stays null; what it has is filled.
  return { name, width: null, stem: null, normalisation: null, ...filled };
}

/** What data-ingest is asked for so that a completed spec has its data: the definition's parameters, the dials among them. */
export function datasetParameters(data: RunSpec['data']): Parameters {
  const { strength, jitter, parameters } = data;
  return { ...parameters, ...(strength === null ? {} : { strength }), ...(jitter === null ? {} : { jitter }) };
}
