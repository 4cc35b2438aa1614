import { z } from 'zod';
import type { ModelDefinition } from './define-model';
import { models } from './registry.gen';

export type ModelName = keyof typeof models;

/** The model of that name. Throws listing those there are. */
export function findModel(name: string): ModelDefinition {
  const found = Object.hasOwn(models, name) ? models[name as ModelName] : undefined;
  if (!found) throw new Error(`model '${name}' is unknown; there are ${Object.keys(models).join(', ')}`);
  return found as unknown as ModelDefinition;
}

/**
 * All settings of a model, defaults filled in; null means "the default". Throws naming the wrong setting, its value and those there are.
 *
 * @example completeModelParameters(smallCnn, { width: 8, stem: null, normalisation: null }) // { width: 8, normalisation: 'batch' }
 */
export function completeModelParameters<S extends z.ZodObject>(
  definition: ModelDefinition<string, S>,
  given: Readonly<Record<string, unknown>>,
): z.output<S> {
  const said = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== null && v !== undefined));
  const result = definition.parameters.safeParse(said);
  if (result.success) return result.data;
  const known = Object.keys(definition.parameters.shape).join(', ') || 'none';
  const issues = result.error.issues.map((i) =>
    i.code === 'unrecognized_keys'
      ? `it has no setting ${i.keys.map((k) => `'${k}'`).join(', ')}`
      : `${i.path.join('.')} is ${JSON.stringify(said[String(i.path[0])])}: ${i.message}`,
  );
  throw new Error(`model '${definition.name}': ${issues.join('; ')} (settings: ${known})`);
}

/** JSON Schema of a model's settings, for forms and the catalogue. */
export const modelParametersSchema = (definition: ModelDefinition): Record<string, unknown> =>
  z.toJSONSchema(definition.parameters, { io: 'input' }) as Record<string, unknown>;
