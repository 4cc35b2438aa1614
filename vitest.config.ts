import { defineConfig } from 'vitest/config';

// Suites that load TensorFlow run in forks, one at a time: two sessions on two cores only slow each other down.
const tensorflow = [
  'libs/graph/**/*.tf.test.ts',
  'libs/models/**/*.tf.test.ts',
  'libs/methods/**/*.tf.test.ts',
  'libs/tf-runtime/**/*.test.ts',
  'libs/services/runner/**/*.tf.test.ts',
  'test/parity/**/*.test.ts',
];
// Suites that run against Kafka, S3 and PostgreSQL. All others do not see that there are any, as on a laptop: what they start keeps a home.
const servers = ['{libs,apps,test,tools}/**/*.{kafka,s3,postgres,servers}.test.ts'];
const noServers = {
  MINVAR_KAFKA_BROKERS: '',
  MINVAR_S3_ENDPOINT: '',
  MINVAR_S3_BUCKET: '',
  MINVAR_S3_ACCESS_KEY: '',
  MINVAR_S3_SECRET_KEY: '',
  MINVAR_S3_READ_ACCESS_KEY: '',
  MINVAR_S3_READ_SECRET_KEY: '',
  MINVAR_POSTGRES_URL: '',
};
const heavy = ['test/**/*.test.ts'];
const skipped = ['**/node_modules/**', '**/dist/**'];
// As Node finds it: the bundler's choice would be a second copy of graphql beside the one that packages import.
const resolve = { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] };

export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        test: {
          name: 'unit',
          include: [
            'libs/**/*.test.{ts,tsx}',
            'experiments/**/*.test.ts',
            'apps/**/*.test.{ts,tsx}',
            'tools/**/*.test.ts',
          ],
          exclude: [...skipped, ...tensorflow, ...servers],
          env: noServers,
          pool: 'forks',
          maxWorkers: 2,
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'tensorflow',
          include: tensorflow,
          exclude: [...skipped, ...servers],
          env: noServers,
          pool: 'forks',
          maxWorkers: 1,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        resolve,
        test: {
          name: 'system',
          include: heavy,
          exclude: [...skipped, 'test/parity/**', ...servers],
          env: noServers,
          pool: 'forks',
          maxWorkers: 1,
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        resolve,
        test: {
          name: 'servers',
          include: servers,
          exclude: skipped,
          pool: 'forks',
          maxWorkers: 1,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
