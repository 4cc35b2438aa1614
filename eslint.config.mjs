import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

// What may import what (docs/pictures/dependencies.md shows it): contracts <- pure <- edge <- services <- apps.
const may = (layer, targets, rules) => ({
  sourceTag: `layer:${layer}`,
  onlyDependOnLibsWithTags: targets.map((t) => `layer:${t}`),
  ...(rules.banned ? { bannedExternalImports: rules.banned } : {}),
});

const services = ['kafkajs', 'minio', 'lmdb', 'pg', 'kysely', '@electric-sql/pglite', '@apollo/server', 'express'];
const tensorflow = ['@tensorflow/*'];

export const boundaries = {
  enforceBuildableLibDependency: false,
  allow: [],
  depConstraints: [
    may('contracts', ['contracts'], { banned: [...services, ...tensorflow] }),
    // The mathematics never learns that Kafka exists.
    may('pure', ['contracts', 'pure'], { banned: [...services, ...tensorflow, 'sharp', 'pino'] }),
    may('edge', ['contracts', 'pure', 'edge'], {}),
    // Services share nothing but ports: a service never imports another one.
    may('service', ['contracts', 'pure', 'edge'], { banned: tensorflow }),
    may('app', ['contracts', 'pure', 'edge', 'service'], {}),
    // The dashboard never learns that TensorFlow, or any service, does: it sees GraphQL only.
    may('dashboard', [], { banned: [...services, ...tensorflow] }),
    may('tool', ['contracts', 'pure', 'edge', 'service', 'tool'], {}),
    may('test', ['contracts', 'pure', 'edge', 'service', 'tool', 'test'], {}),
  ],
};

export default tseslint.config(
  { ignores: ['**/dist/**', 'dist-*/**', '**/node_modules/**', '.nx/**', '**/*.gen.ts', 'test/lint/fixture/**'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx', '**/*.mjs'],
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': ['error', boundaries],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message:
            'Only apps/*/src/environment.ts reads the environment; take the value as a parameter, so that a service can be started twice with different settings.',
        },
      ],
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['@minvar/*/src/*', '@minvar/*/dist/*'],
              message: 'Import the lib by its name: what index.ts does not export is its own business.',
            },
          ],
        },
      ],
    },
  },
  {
    files: [
      'apps/*/src/environment.ts',
      'tools/**',
      'test/**',
      '**/*.test.ts',
      '**/testing/**',
      '**/*.config.ts',
      '**/*.mjs',
    ],
    rules: { 'no-restricted-properties': 'off' },
  },
  { files: ['*.config.{ts,mjs}', '**/vite.config.ts', '**/*.config.mjs'], rules: { 'no-restricted-exports': 'off' } },
);
