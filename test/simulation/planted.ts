import type { Patch } from '../patches';

/*
 * Bugs for the search to find, each as a change to one production module. None of the simulation knows of them; the checker only
 * sees heads, log, objects and tables. The last ones are faults that the simulation found in these modules, put back.
 */

export const bugs: readonly Patch[] = [
  {
    name: 'a change to a head takes the etag of the moment instead of the one it was worked out from',
    file: 'libs/services/trainer/src/heads.ts',
    find: '{ expected: found.etag });',
    replace: '{ expected: (await readHead(store, runId))?.etag ?? null });',
  },
  {
    name: 'a runner whose swap is refused swaps again with the etag that it is told',
    file: 'libs/services/runner/src/keeper-loop.ts',
    find: "if (e instanceof PreconditionFailed) return { kind: 'swapRefused' };",
    replace:
      "if (e instanceof PreconditionFailed) return { kind: 'swapped', etag: (await run.store.swap(key, Buffer.from(JSON.stringify(body)), { expected: e.current })).etag };",
  },
  {
    name: 'a terminal event’s id lacks the attempt',
    file: 'libs/coordination/src/run-events.ts',
    find: '`${head.runId}:terminal:${head.attempt}`',
    replace: '`${head.runId}:terminal:1`',
  },
  {
    name: 'the lease clock counts time in which it read nothing',
    file: 'libs/coordination/src/lease-clock.ts',
    find: ' && nowMs - watch.lastMs <= leaseMs / 2;',
    replace: ';',
  },
  {
    name: 'an offset is committed before the handler has done its work',
    file: 'libs/service-kit/src/event-log/consumer.ts',
    find: 'await options.onBatch({ topic: p.topic',
    replace: 'p.next = next;\n      await commit(p);\n      await options.onBatch({ topic: p.topic',
  },
  {
    name: 'a swap without an answer counts as done',
    file: 'libs/coordination/src/keeper.ts',
    find: "    case 'swapRefused':\n    case 'swapUnknown':\n",
    replace:
      "    case 'swapUnknown':\n      return k.swap ? happened({ ...k, head: k.swap.body }, now.ms, now) : step(k);\n    case 'swapRefused':\n",
  },
];

/** What the simulation found, undone again: as long as each is found, none can come back. */
export const mended: readonly Patch[] = [
  {
    name: 'a trainer dispatches only runs whose commands it handled itself',
    file: 'libs/services/trainer/src/create-trainer.ts',
    find: 'at.heard.add(event.data.runId);',
    replace: '{}',
  },
  {
    name: 'a cancel said again ends the next attempt',
    file: 'libs/services/trainer/src/runs.ts',
    find: 'wanted === undefined || wanted === head.attempt\n',
    replace: 'true\n',
  },
  {
    name: 'a retry said again makes another attempt',
    file: 'libs/services/trainer/src/runs.ts',
    find: 'if (wanted !== undefined && now.attempt >= wanted)',
    replace: 'if (wanted !== undefined && now.attempt < 0)',
  },
  {
    name: 'a create said again after a cancel makes another attempt',
    file: 'libs/coordination/src/run-head.ts',
    find: 'if (ask !== undefined && head.asks?.includes(ask))',
    replace: 'if (ask === null)',
  },
  {
    name: 'a claim is kept though its partition cannot be served',
    file: 'libs/service-kit/src/event-log/consumer.ts',
    find: 'if (!wanted.has(key)) await giveUp(at);',
    replace: 'void [key, at];',
  },
];

/** The only fence that there is: the store's condition. */
export const withoutFence: Patch = {
  name: 'the store swaps whatever is there',
  file: 'test/simulation/memory/object-store.ts',
  find: 'if ((current?.etag ?? null) !== expected) throw',
  replace: 'if (key === expected) throw',
};
