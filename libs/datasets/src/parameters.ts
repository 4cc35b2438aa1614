import { z } from 'zod';
import type { DatasetDefinition, Parameters } from './define-dataset';

/**
 * All parameters of a dataset, defaults filled in; null means "the default". Throws naming the wrong parameter and those there are.
 *
 * @example completeDatasetParameters(datasets['coloured-mnist'], { strength: 0.95, jitter: null }) // { strength: 0.95, jitter: 0, validation: false }
 */
export function completeDatasetParameters(
  definition: DatasetDefinition,
  given: Readonly<Record<string, unknown>>,
): Parameters {
  const said = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== null && v !== undefined));
  const result = definition.parameters.safeParse(said);
  if (result.success) return result.data as Parameters;
  const known = Object.keys(parametersSchema(definition).properties ?? {}).join(', ') || 'none';
  const issues = result.error.issues.map((i) =>
    i.code === 'unrecognized_keys'
      ? `it has no parameter ${i.keys.map((k) => `'${k}'`).join(', ')}`
      : `${i.path.join('.')} is ${JSON.stringify(said[String(i.path[0])])}: ${i.message}`,
  );
  throw new Error(`dataset '${definition.name}': ${issues.join('; ')} (parameters: ${known})`);
}

/** JSON Schema of a dataset's parameters, for forms and the catalogue. */
export function parametersSchema(
  definition: DatasetDefinition,
): { properties?: Record<string, unknown> } & Record<string, unknown> {
  return z.toJSONSchema(definition.parameters, { io: 'input' }) as Record<string, unknown>;
}
