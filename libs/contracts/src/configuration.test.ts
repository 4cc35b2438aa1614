import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { common, ConfigurationError, oneOf, readVariables, text, whole } from './configuration';
import { serverVariables } from './servers';

const schema = z.object({
  MINVAR_HOME: common.home,
  MINVAR_PORT: common.port.default(4000),
  MINVAR_SLOTS: common.slots.optional(),
  MINVAR_TOKEN: text('a token', 16).optional(),
  MINVAR_EXECUTOR: oneOf(['local', 'kubernetes'], 'an executor').default('local'),
  MINVAR_POSTGRES_URL: serverVariables.MINVAR_POSTGRES_URL,
});
function problemsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    readVariables(schema, env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as ConfigurationError).problems;
  }
  return [];
}

describe('a configuration', () => {
  it('is read with its defaults; empty variables count as unset, others are not looked at', () => {
    expect(readVariables(schema, { MINVAR_HOME: '/lab', MINVAR_PORT: '', MINVAR_SLOTS: '2', HOME: '/root' })).toEqual({
      MINVAR_HOME: '/lab',
      MINVAR_PORT: 4000,
      MINVAR_SLOTS: 2,
      MINVAR_EXECUTOR: 'local',
    });
  });

  it('is refused with all its problems at once, each with variable, value and what is allowed', () => {
    expect(
      problemsOf({ MINVAR_PORT: '99999', MINVAR_SLOTS: 'many', MINVAR_EXECUTOR: 'slurm', MINVAR_POSTGRES_URL: 'p' }),
    ).toEqual([
      'MINVAR_HOME is not set, but the folder that keeps everything is wanted',
      "MINVAR_PORT is '99999', but a port (0 picks a free one) is a whole number from 0 to 65535",
      "MINVAR_SLOTS is 'many', but the number of runs at a time is a whole number from 1 to 1024",
      "MINVAR_EXECUTOR is 'slurm', but an executor is one of local, kubernetes",
      "MINVAR_POSTGRES_URL is 'p', but the address of PostgreSQL looks like postgresql://user:password@127.0.0.1:5432/minvar",
    ]);
  });

  it.each(['0x10', '1e2', ' 5', '-1', '1.5', '+1', '٣', 'NaN', '9'.repeat(40)])(
    'takes %j for no whole number',
    (wrong) => {
      expect(problemsOf({ MINVAR_HOME: '/lab', MINVAR_SLOTS: wrong })).toHaveLength(1);
    },
  );

  it('names problems between variables too', () => {
    const further = (set: Record<string, string>): string[] =>
      set['A'] && set['B'] ? ['A and B exclude each other'] : [];
    const both = z.object({ A: whole(1, 2, 'a').optional(), B: whole(1, 2, 'b').optional() });
    expect(() => readVariables(both, { A: '1', B: '3' }, further)).toThrow(
      /not usable:\n {2}B is '3', but b is a whole number from 1 to 2\n {2}A and B exclude each other$/,
    );
  });

  it('never shows a secret', () => {
    expect(problemsOf({ MINVAR_HOME: '/lab', MINVAR_TOKEN: 'hunter2' })).toEqual([
      'MINVAR_TOKEN is set, but a token has at least 16 characters',
    ]);
    expect(problemsOf({ MINVAR_HOME: '/lab', MINVAR_POSTGRES_URL: 'mysql://me:hunter2@db/x' }).join()).toContain(
      "'mysql://[hidden]@db/x'",
    );
  });
});
