import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { graphql, root, temporaryHome, until } from './support';

const { home, dispose } = temporaryHome();
const services = ['data-ingest', 'trainer', 'analyzer', 'gateway'] as const;
const processes = new Map<string, { child: ChildProcess; stdout: () => string; stderr: () => string }>();

function start(service: (typeof services)[number]): void {
  const { MINVAR_SERVER: _server, MINVAR_TOKEN: _token, ...rest } = process.env;
  const child = spawn(process.execPath, [join(root, 'dist', `${service}.mjs`)], {
    env: { ...rest, MINVAR_HOME: home, MINVAR_PORT: '0', MINVAR_SLOTS: '2' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (d: Buffer) => (stdout += d.toString()));
  child.stderr.on('data', (d: Buffer) => (stderr += d.toString()));
  processes.set(service, { child, stdout: () => stdout, stderr: () => stderr });
}

describe('services with only log and store in common', () => {
  afterAll(async () => {
    for (const { child } of processes.values()) {
      if (child.exitCode !== null) continue;
      child.kill('SIGTERM');
      await new Promise((done) => child.once('exit', done));
    }
    dispose();
  });

  it('carry an experiment from mutation to verdict, each in a process of its own', async () => {
    for (const s of services) start(s);
    const gateway = processes.get('gateway')!;
    const url = await until('the gateway', () => {
      if (gateway.child.exitCode !== null) throw new Error(`the gateway ended: ${gateway.stderr()}`);
      return /(http:\/\/127\.0\.0\.1:\d+)/.exec(gateway.stdout() + gateway.stderr())?.[1];
    });
    const { data } = await graphql<{ runExperiment: { __typename: string; preset: string; message?: string } }>(
      url,
      `
        mutation {
          runExperiment(input: { name: "spurious-colour", preset: "ci", seeds: 1, idempotencyKey: "isolation" }) {
            __typename
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
    expect(data.runExperiment.message).toBeUndefined();
    const { preset } = data.runExperiment;
    const experiment = await until(
      'the verdict',
      async () => {
        const answer = await graphql<{
          experiment: {
            state: string;
            claims: { verdict: string }[];
            runs: { edges: { node: { state: string; analysed: boolean } }[] };
            comparisons: { seeds: number; difference: number | null }[];
          };
        }>(
          url,
          `
            query ($preset: String!) {
              experiment(name: "spurious-colour") {
                state(preset: $preset)
                claims {
                  verdict(preset: $preset)
                }
                runs(preset: $preset) {
                  edges {
                    node {
                      state
                      analysed
                    }
                  }
                }
                comparisons(preset: $preset) {
                  seeds
                  difference
                }
              }
            }
          `,
          { preset },
        );
        const e = answer.data.experiment;
        return e.state === 'DONE' ? e : null;
      },
      240,
    );
    expect(experiment.runs.edges.map((e) => e.node)).toEqual(Array(3).fill({ state: 'SUCCEEDED', analysed: true }));
    expect(experiment.comparisons.length).toBeGreaterThan(0);
    for (const c of experiment.comparisons) expect(c.seeds).toBe(1);
    // One seed never decides: at most a direction, and none when the endpoints disagree.
    expect(['DIRECTION_ONLY', 'NOT_DISTINGUISHABLE']).toContain(experiment.claims[0]!.verdict);
    expect(readdirSync(home).sort()).toEqual(expect.arrayContaining(['events', 'objects']));
  }, 300_000);
});
