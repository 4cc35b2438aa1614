import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { ESLint } from 'eslint';
import { beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** Lints a text as if it lay at `file`; nothing is written. */
async function lint(file: string, text: string): Promise<string[]> {
  const eslint = new ESLint({ cwd: root });
  const [result] = await eslint.lintText(text, { filePath: resolve(root, file), warnIgnored: true });
  return (result?.messages ?? []).filter((m) => m.severity === 2).map((m) => `${m.ruleId}: ${m.message}`);
}

const imports = (name: string) => `import * as imported from '${name}';\nexport const used = imported;\n`;

describe('module boundaries', () => {
  beforeAll(() => {
    const made = spawnSync('npx', ['nx', 'show', 'projects'], {
      cwd: root,
      env: { ...process.env, NX_TUI: 'false', NX_DAEMON: 'false' },
    });
    expect(made.status).toBe(0);
  });

  it('let a pure lib import contracts', async () => {
    expect(await lint('libs/metrics/src/fixture.ts', imports('@minvar/contracts'))).toEqual([]);
  });

  it.each([
    ['libs/contracts/src/fixture.ts', '@minvar/metrics', 'contracts import nothing above them'],
    ['libs/metrics/src/fixture.ts', '@minvar/service-kit', 'mathematics never learns that a log exists'],
    ['libs/graph/src/fixture.ts', 'kafkajs', 'nor that Kafka does'],
    ['libs/metrics/src/fixture.ts', '@tensorflow/tfjs-node-gpu', 'nor TensorFlow'],
    ['libs/service-kit/src/fixture.ts', '@minvar/service-trainer', 'an edge lib never imports a service'],
    ['libs/services/analyzer/src/fixture.ts', '@minvar/service-trainer', 'services share nothing but ports'],
    ['libs/services/trainer/src/fixture.ts', '@tensorflow/tfjs-node-gpu', 'only tf-runtime touches TensorFlow'],
    ['apps/dashboard/src/fixture.ts', '@minvar/contracts', 'the dashboard sees GraphQL only'],
  ])('refuse in %s an import of %s: %s', async (file, name) => {
    const messages = await lint(file, imports(name));
    expect(messages.join('\n')).toContain('@nx/enforce-module-boundaries');
  });

  it('refuse a deep import past a lib’s index', async () => {
    expect((await lint('libs/metrics/src/fixture.ts', imports('@minvar/contracts/src/ids'))).join('\n')).toContain(
      'index.ts',
    );
  });

  it('refuse reading the environment outside environment.ts', async () => {
    const text = 'export const home = process.env.HOME;\n';
    expect((await lint('libs/service-kit/src/fixture.ts', text)).join('\n')).toContain('environment.ts');
    expect(await lint('apps/cli/src/environment.ts', text)).toEqual([]);
  });
});
