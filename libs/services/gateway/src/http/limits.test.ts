import { parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { createSchema } from '../schema';
import { limits, limitsRule } from './limits';

const schema = createSchema();
const problems = (query: string): string[] => validate(schema, parse(query), [limitsRule]).map((e) => e.message);

describe('limits of an operation', () => {
  it('let through what the pages and the command line ask', () => {
    expect(
      problems(
        '{ runs(first: 200) { edges { node { id state metrics { name value perGroup { group value } } memberships { cell } } } } }',
      ),
    ).toEqual([]);
  });

  it('refuse depth', () => {
    const deep = `{ a: node(id: "x") { ... on Experiment { runs { edges { node { dataset { id } } } } } } }`;
    expect(problems(deep)).toEqual([]);
    const nested = (n: number): string => (n === 0 ? 'id' : `experiment { ${nested(n - 1)} }`);
    expect(problems(`subscription { experimentUpdated(name: "x") { ${nested(limits.depth)} } }`).join()).toContain(
      'levels of fields',
    );
  });

  it('refuse cost: lists within lists multiply', () => {
    expect(
      problems(
        '{ experiments(first: 200) { edges { node { runs(first: 200) { edges { node { id state model } } } } } } }',
      ).join(),
    ).toContain('fields to answer');
  });

  it('count what a variable or a default may ask for', () => {
    const inner = '{ edges { node { id state model method seed attempt term } } }';
    const ask = (first: string) =>
      `query ($n: Int) { experiments(first: ${first}) { edges { node { a: runs(first: $n) ${inner} b: runs(first: $n) ${inner} } } } }`;
    expect(problems(ask('1'))).toEqual([]);
    expect(problems(ask('50')).join()).toContain('fields to answer');
  });

  it('refuse aliases, directives and root fields in numbers, also by fragments', () => {
    const aliases = Array.from({ length: limits.aliases + 1 }, (_, i) => `a${i}: cursor`).join(' ');
    expect(problems(`query { ...F } fragment F on Query { ${aliases} }`).join()).toContain('aliases');
    expect(problems(`{ cursor ${'@include(if: true) '.repeat(limits.directives + 1)} }`).join()).toContain(
      'directives',
    );
    expect(problems(`{ ${'cursor '.repeat(limits.rootFields + 1)} }`).join()).toContain('at its root');
  });

  it('come to an end on fragments that spread themselves', () => {
    expect(problems('{ ...A } fragment A on Query { cursor ...B } fragment B on Query { ...A }')).toEqual([]);
  });
});
