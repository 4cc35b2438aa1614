import { readdirSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { carriesOneExperiment } from './one-experiment';
import type { RunningService } from './services';
import { startService } from './services';
import { temporaryHome } from './support';

const { home, dispose } = temporaryHome();
const services: RunningService[] = [];

describe('services with only log and store in common', () => {
  afterAll(async () => {
    for (const service of services) await service.end();
    dispose();
  });

  it('carry an experiment from mutation to verdict, each in a process of its own', async () => {
    for (const name of ['data-ingest', 'trainer', 'analyzer', 'gateway'] as const)
      services.push(startService(name, { MINVAR_HOME: home, MINVAR_SLOTS: '2' }));
    const urls = await Promise.all(services.map((s) => s.url()));
    await carriesOneExperiment([urls.at(-1)!], 'isolation');
    expect(readdirSync(home).sort()).toEqual(expect.arrayContaining(['events', 'objects']));
  }, 300_000);
});
