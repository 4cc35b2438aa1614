import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import type { ValueNode } from 'graphql';

export const typeDefs = /* GraphQL */ `
  "ISO 8601, UTC"
  scalar DateTime
  "A whole number of any size: a JSON number while it is exact (up to 2^53), else a string"
  scalar BigInt
  "A JSON object"
  scalar JSONObject
`;

const wrong = (type: string, value: unknown): GraphQLError =>
  new GraphQLError(`${type} cannot represent ${(JSON.stringify(value) ?? String(value)).slice(0, 80)}`, {
    extensions: { code: 'BAD_USER_INPUT' },
  });

function dateTime(value: unknown): string {
  if (typeof value === 'string' && !Number.isNaN(Date.parse(value))) return value;
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  throw wrong('DateTime', value);
}

function bigInt(value: unknown): number | string {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  if (typeof value === 'string' && /^-?\d{1,40}$/.test(value)) return bigInt(BigInt(value));
  throw wrong('BigInt', value);
}

function jsonObject(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw wrong('JSONObject', value);
}

function literal(node: ValueNode, variables: Record<string, unknown> | null | undefined): unknown {
  switch (node.kind) {
    case Kind.OBJECT:
      return Object.fromEntries(node.fields.map((f) => [f.name.value, literal(f.value, variables)]));
    case Kind.LIST:
      return node.values.map((v) => literal(v, variables));
    case Kind.INT:
    case Kind.FLOAT:
      return Number(node.value);
    case Kind.NULL:
      return null;
    case Kind.VARIABLE:
      return variables?.[node.name.value];
    default:
      return node.value;
  }
}

export const resolvers = {
  DateTime: new GraphQLScalarType({
    name: 'DateTime',
    serialize: dateTime,
    parseValue: dateTime,
    parseLiteral: (node) => dateTime(literal(node, null)),
  }),
  BigInt: new GraphQLScalarType({
    name: 'BigInt',
    serialize: bigInt,
    parseValue: bigInt,
    parseLiteral: (node) => bigInt(node.kind === Kind.INT ? node.value : literal(node, null)),
  }),
  JSONObject: new GraphQLScalarType({
    name: 'JSONObject',
    serialize: jsonObject,
    parseValue: jsonObject,
    parseLiteral: (node, variables) => jsonObject(literal(node, variables)),
  }),
};
