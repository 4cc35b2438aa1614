import type { RunHead } from '@minvar/contracts';
import type { EventLog, ObjectStore } from '@minvar/service-kit';

/** Named points of a supervisor's life at which a test kills it with SIGKILL, or stops it with SIGSTOP. */
export type FaultPoint =
  | 'before-claim'
  | 'after-claim'
  | 'before-running'
  | 'after-running'
  | 'within-checkpoint'
  | 'before-manifest'
  | 'before-publish'
  | 'after-publish'
  | 'before-result'
  | 'before-finish'
  | 'after-finish'
  | 'before-terminal-event'
  | 'after-terminal-event';

export const faultPoints: readonly FaultPoint[] = [
  'before-claim',
  'after-claim',
  'before-running',
  'after-running',
  'within-checkpoint',
  'before-manifest',
  'before-publish',
  'after-publish',
  'before-result',
  'before-finish',
  'after-finish',
  'before-terminal-event',
  'after-terminal-event',
];

export interface Fault {
  readonly point: FaultPoint;
  readonly signal: 'SIGKILL' | 'SIGSTOP';
  /** at the how-manieth passing, from 1 */
  readonly nth: number;
}

/** What a swap of a head is about, seen from the change it makes. */
function pointOf(before: RunHead | null, after: RunHead): 'claim' | 'running' | 'publish' | 'finish' | null {
  if (after.outcome) return 'finish';
  if (after.checkpoint && after.checkpoint.prefix !== before?.checkpoint?.prefix) return 'publish';
  if (after.state === 'CLAIMED' && before?.state !== 'CLAIMED') return 'claim';
  return after.state === 'RUNNING' && before?.state === 'CLAIMED' ? 'running' : null;
}

/** Log and store as they are, except that passing the fault's point ends or stops this process. */
export function withFault(
  fault: Fault | null,
  log: EventLog,
  store: ObjectStore,
): { log: EventLog; store: ObjectStore } {
  if (!fault) return { log, store };
  let passed = 0;
  let before: RunHead | null = null;
  const pass = (point: string): void => {
    if (point === fault.point && ++passed === fault.nth) process.kill(process.pid, fault.signal);
  };
  const json = (body: Uint8Array): RunHead => JSON.parse(Buffer.from(body).toString('utf8')) as RunHead;
  return {
    store: {
      ...store,
      get: async (key, options) => {
        const found = await store.get(key, options);
        if (key.endsWith('head.json')) before = json(found.body);
        return found;
      },
      put: async (key, content) => {
        if (/checkpoints\/.*optimizer\.safetensors$/.test(key)) pass('within-checkpoint');
        if (/checkpoints\/.*manifest\.json$/.test(key)) pass('before-manifest');
        if (/results\/\d+\.json$/.test(key)) pass('before-result');
        return store.put(key, content);
      },
      swap: async (key, body, options) => {
        const point = pointOf(before, json(body));
        pass(`before-${point ?? 'renewal'}`);
        const put = await store.swap(key, body, options);
        before = json(body);
        pass(`after-${point ?? 'renewal'}`);
        return put;
      },
    },
    log: {
      ...log,
      append: async (records) => {
        const terminal = records.some((r) => Object.values(r.headers).some((h) => h === 'run.succeeded'));
        if (terminal) pass('before-terminal-event');
        const positions = await log.append(records);
        if (terminal) pass('after-terminal-event');
        return positions;
      },
    },
  };
}

/** The planted bug: a store whose swap no longer looks at what is there. */
export function withoutFence(store: ObjectStore): ObjectStore {
  return {
    ...store,
    swap: async (key, body, { expected }) => {
      if (expected === null) return store.swap(key, body, { expected });
      for (;;) {
        const { etag } = await store.get(key);
        const put = await store.swap(key, body, { expected: etag }).catch(() => null);
        if (put) return put;
      }
    },
  };
}
