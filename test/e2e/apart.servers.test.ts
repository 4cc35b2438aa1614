import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { carriesOneExperiment } from './one-experiment';
import type { RunningService, ServiceName } from './services';
import { startServers, startService } from './services';
import { graphql, minvar, temporaryHome, until } from './support';

const reason = 'no Kafka, MinIO and PostgreSQL: start them with npm run servers -- up';

describe('services apart, on Kafka, MinIO and PostgreSQL', { timeout: 420_000 }, () => {
  if (!process.env['MINVAR_KAFKA_BROKERS'] || !process.env['MINVAR_POSTGRES_URL'])
    return void it('carry an experiment', (context) => context.skip(reason));

  let servers: Awaited<ReturnType<typeof startServers>>;
  const services: RunningService[] = [];
  const homes: ReturnType<typeof temporaryHome>[] = [];

  /** Each has a home of its own: nothing but the servers is shared. */
  function start(name: ServiceName): RunningService {
    const own = temporaryHome();
    homes.push(own);
    const settings = { MINVAR_SLOTS: '1', MINVAR_LEASE_SECONDS: '3', MINVAR_LOG_LEVEL: 'info' };
    const service = startService(name, { ...servers.variables, ...settings, MINVAR_HOME: own.home });
    services.push(service);
    return service;
  }
  const all = (name: ServiceName): RunningService[] =>
    services.filter((s) => s.name === name && s.child.exitCode === null && s.child.signalCode === null);

  beforeAll(async () => {
    servers = await startServers();
    for (const name of ['gateway', 'trainer', 'analyzer'] as const) for (let i = 0; i < 2; i++) start(name);
    start('data-ingest');
  }, 240_000);
  afterAll(async () => {
    for (const service of services) await service.end();
    await servers?.end();
    for (const { dispose } of homes) dispose();
  }, 120_000);

  it('answer for their health, readiness and metrics', async () => {
    for (const service of services) {
      const url = await service.url();
      expect(await (await fetch(`${url}/healthz`)).json()).toMatchObject({ ok: true });
      const ready = await fetch(`${url}/readyz`);
      expect([ready.status, await ready.json()]).toEqual([200, { ready: true, because: [] }]);
      expect(await (await fetch(`${url}/metrics`)).text()).toContain('process_cpu_seconds_total');
    }
  });

  it('carry an experiment from the mutation at one gateway to the verdict at the other, two of each kind', async () => {
    await carriesOneExperiment(await Promise.all(all('gateway').map((g) => g.url())), 'apart');
  });

  it('carry another one although a trainer with its run, an analyzer and a gateway are killed on the way', async () => {
    const [first, second] = all('gateway') as [RunningService, RunningService];
    const [url, other] = [await first.url(), await second.url()];
    const answer = await graphql<{ runExperiment: { preset: string; message?: string } }>(
      url,
      `
        mutation {
          runExperiment(
            input: { name: "spurious-colour", preset: "ci", seeds: 2, idempotencyKey: "killed", set: ["epochs=4"] }
          ) {
            ... on RunExperimentPayload {
              preset
            }
            ... on Error {
              message
            }
          }
        }
      `,
    );
    expect(answer.errors).toBeUndefined();
    const { preset, message } = answer.data.runExperiment;
    expect(message).toBeUndefined();
    const states = async (): Promise<string[]> => {
      const { data } = await graphql<{ experiment: { runs: { edges: { node: { state: string } }[] } } }>(
        other,
        `
          query ($preset: String!) {
            experiment(name: "spurious-colour") {
              runs(preset: $preset) {
                edges {
                  node {
                    state
                  }
                }
              }
            }
          }
        `,
        { preset },
      );
      return data.experiment.runs.edges.map((e) => e.node.state);
    };
    await until('a run to be under way', async () => (await states()).includes('RUNNING'), 120);
    for (const name of ['trainer', 'analyzer'] as const) {
      const [victim] = all(name);
      await victim!.end('SIGKILL');
      expect(victim!.child.signalCode).toBe('SIGKILL');
    }
    await first.end('SIGKILL');
    expect(first.child.signalCode).toBe('SIGKILL');
    await until('all runs to succeed', async () => (await states()).every((s) => s === 'SUCCEEDED'), 240);
    expect(await states()).toHaveLength(6);
    const rebuild = ['read-model', 'rebuild', '--json', '--server', other];
    const { stdout, stderr, status } = await minvar(homes[0]!.home, rebuild, servers.variables);
    expect([status, stderr]).toEqual([0, expect.anything()]);
    const { before, after } = JSON.parse(stdout) as { before: string; after: string };
    expect(after).toBe(before);
  });

  it('end in order when they are asked to', async () => {
    for (const service of services.filter((s) => s.child.signalCode === null)) {
      await service.end();
      expect([service.name, service.child.exitCode, service.child.signalCode]).toEqual([service.name, 0, null]);
    }
  });
});
