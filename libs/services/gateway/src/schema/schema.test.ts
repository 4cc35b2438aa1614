import { readFileSync } from 'node:fs';
import {
  buildSchema,
  findBreakingChanges,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isScalarType,
  isUnionType,
} from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { schemaText } from '.';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const core = buildSchema(read('../../schema-core.graphql'));
const own = buildSchema(schemaText());
const checkedIn = read('../../../../../schema.graphql');

/** What of `part` is missing or different in `whole`, in words. */
function missing(part: GraphQLSchema, whole: GraphQLSchema): string[] {
  const out: string[] = [];
  for (const type of Object.values(part.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    const other = whole.getType(type.name);
    if (!other || other.constructor !== type.constructor) {
      out.push(`${type.name} is missing or of another kind`);
      continue;
    }
    if (isScalarType(type)) continue;
    if (isEnumType(type) && isEnumType(other)) {
      for (const v of type.getValues()) if (!other.getValue(v.name)) out.push(`${type.name}.${v.name} is missing`);
    } else if (isUnionType(type) && isUnionType(other)) {
      const names = other.getTypes().map((t) => t.name);
      for (const t of type.getTypes()) if (!names.includes(t.name)) out.push(`${type.name} lacks ${t.name}`);
    } else if (isInputObjectType(type) && isInputObjectType(other)) {
      for (const f of Object.values(type.getFields())) {
        const found = other.getFields()[f.name];
        if (String(found?.type) !== String(f.type) || found?.defaultValue !== f.defaultValue)
          out.push(`${type.name}.${f.name} differs`);
      }
      for (const f of Object.values(other.getFields())) {
        if (!type.getFields()[f.name] && String(f.type).endsWith('!') && f.defaultValue === undefined)
          out.push(`${type.name}.${f.name} is new and required`);
      }
    } else if ((isObjectType(type) || isInterfaceType(type)) && (isObjectType(other) || isInterfaceType(other))) {
      for (const i of type.getInterfaces())
        if (!other.getInterfaces().some((o) => o.name === i.name)) out.push(`${type.name} lacks ${i.name}`);
      for (const f of Object.values(type.getFields())) {
        const found = other.getFields()[f.name];
        if (String(found?.type) !== String(f.type)) {
          out.push(`${type.name}.${f.name}: ${String(f.type)} is ${String(found?.type)}`);
          continue;
        }
        for (const a of f.args) {
          const arg = found!.args.find((x) => x.name === a.name);
          if (String(arg?.type) !== String(a.type) || arg?.defaultValue !== a.defaultValue)
            out.push(`${type.name}.${f.name}(${a.name}) differs`);
        }
        for (const a of found!.args) {
          if (!f.args.some((x) => x.name === a.name) && String(a.type).endsWith('!'))
            out.push(`${type.name}.${f.name}(${a.name}) is new and required`);
        }
      }
    }
  }
  return out;
}

describe('the schema', () => {
  it('contains the core: every type, field, argument, default and enum value', () => {
    expect(missing(core, own)).toEqual([]);
  });

  it('would notice a field of the core that went missing, changed its type or its default', () => {
    const changed = schemaText()
      .replace(/\n {2}reproduce: String!/, '')
      .replace('progress: Float!', 'progress: Float')
      .replace('maxPoints: Int = 1000', 'maxPoints: Int = 10')
      .replace('  LTTB\n', '');
    expect(missing(core, buildSchema(changed)).length).toBeGreaterThanOrEqual(4);
  });

  it('is the checked-in schema.graphql (else: npm run generate)', () => {
    expect(checkedIn).toBe(schemaText());
  });

  it('breaks nothing of the checked-in schema', () => {
    expect(findBreakingChanges(buildSchema(checkedIn), own)).toEqual([]);
  });
});
