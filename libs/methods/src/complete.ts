import { z } from 'zod';
import type { MethodDefinition } from './define-method';
import { methods } from './registry.gen';

export type MethodName = keyof typeof methods;

/** The method of that name. Throws listing those there are. */
export function findMethod(name: string): MethodDefinition {
  const found = Object.hasOwn(methods, name) ? methods[name as MethodName] : undefined;
  if (!found) throw new Error(`method '${name}' is unknown; there are ${Object.keys(methods).join(', ')}`);
  return found as unknown as MethodDefinition;
}

/**
 * All parameters of a method, defaults filled in. Throws naming the wrong parameter, its value and those there are.
 *
 * @example completeMethodParameters(labelSmoothing, { alpha: 0.2 }) // { alpha: 0.2, convention: 'all' }
 */
export function completeMethodParameters<S extends z.ZodObject>(
  definition: MethodDefinition<string, S>,
  given: Readonly<Record<string, unknown>>,
): z.output<S> {
  const result = definition.parameters.safeParse(given);
  if (result.success) return result.data;
  const known = Object.keys(definition.parameters.shape).join(', ') || 'none';
  const issues = result.error.issues.map((i) =>
    i.code === 'unrecognized_keys'
      ? `it has no parameter ${i.keys.map((k) => `'${k}'`).join(', ')}`
      : `${i.path.join('.')} is ${JSON.stringify(given[String(i.path[0])])}: ${i.message}`,
  );
  throw new Error(`method '${definition.name}': ${issues.join('; ')} (parameters: ${known})`);
}

/** JSON Schema of a method's parameters, for forms and the catalogue. */
export const methodParametersSchema = (definition: MethodDefinition): Record<string, unknown> =>
  z.toJSONSchema(definition.parameters, { io: 'input' }) as Record<string, unknown>;
