import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root, until } from '../../e2e/support';
import type { Patch } from '../../patches';
import { patched } from '../../patches';
import { check, leftAlone } from './check';
import { faults } from './faults';
import type { System } from './system';
import { servicesApart } from './system';
import { accepted, ended, headOf, watchHeads } from './workload';

/** The fence is the store's condition: without it a runner that wakes writes over what its successor has written. */
const withoutFence: Patch = {
  name: 'a runner that has claimed swaps whatever is there',
  file: 'libs/services/runner/src/keeper-loop.ts',
  find: 'await run.store.swap(key, Buffer.from(JSON.stringify(body)), { expected });',
  replace:
    'await run.store.swap(key, Buffer.from(JSON.stringify(body)), { expected: body.state === "CLAIMED" ? expected : (await run.store.get(key)).etag });',
};

// Beside the programs as they are, so that packages and data are found from there.
const dist = join(root, 'dist-without-fence');
const servers = process.env['MINVAR_KAFKA_BROKERS'] && process.env['MINVAR_POSTGRES_URL'];
const reason = 'no Kafka, MinIO and PostgreSQL: start them with npm run servers -- up';

let s: System;
beforeAll(async () => {
  if (!servers) return;
  const { bundleProgram } = (await import(join(root, 'tools/bundle-program.mjs'))) as {
    bundleProgram(entry: string, file: string, options: object): Promise<unknown>;
  };
  cpSync(join(root, 'dist'), dist, { recursive: true });
  await bundleProgram(join(root, 'apps/runner/src/main.ts'), join(dist, 'runner.mjs'), {
    plugins: [patched([withoutFence])],
  });
  s = await servicesApart(dist);
}, 200_000);
afterAll(async () => {
  await s?.end();
  rmSync(dist, { recursive: true, force: true });
}, 60_000);

it('without the fence the table is red', async (context) => {
  if (!servers) return context.skip(reason);
  const fault = faults.find((f) => f.name === 'runner stopped past its lease')!;
  const calm = await accepted(s, 'calm');
  const states = await ended(s, calm);
  const failures = await Promise.all(calm.runIds.map(async (id) => (await headOf(s, id))?.outcome?.failure));
  expect(states, JSON.stringify(failures)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
  const alone = await leftAlone(s, calm);
  for (let attempt = 1; ; attempt++) {
    const promised = await accepted(s, `stopped ${attempt}`);
    const watch = watchHeads(s, promised.runIds);
    const isFound = (): boolean => watch.wrong.length > 0;
    const failure = await fault
      .inject(s, promised, 1)
      .then(() => until('an owner to write over its successor', isFound, 20).catch(() => false))
      .then(async () => (isFound() ? [] : (await ended(s, promised, 60), check(s, promised, alone))))
      .catch((e: Error) => [e.message]);
    await watch.stop();
    const found = [...watch.wrong, ...failure];
    if (found.length === 0 && attempt < 3) continue;
    console.log(`attempt ${attempt}:\n  ${found.join('\n  ')}`);
    return expect(found).not.toEqual([]);
  }
}, 400_000);
