import type { ObjectStore } from '@minvar/service-kit';
import { PreconditionFailed } from '@minvar/service-kit';
import type { ForkedChild, FromSwapChild, ToSwapChild } from '@minvar/service-kit/testing';
import { objectStoreContract } from '@minvar/service-kit/testing';
import { direct } from './call';
import { createMemoryStore, createObjects } from './object-store';

objectStoreContract('memory (for the simulation)', async () => {
  const objects = createObjects();
  const open = async (): Promise<ObjectStore> => createMemoryStore(objects, direct);
  return { store: await open(), another: open, fork: async () => client(await open()), destroy: async () => {} };
});

/** Memory is not shared between processes: contenders are callers of one process that take turns at every await. */
function client(store: ObjectStore): ForkedChild {
  const said: FromSwapChild[] = [{ kind: 'ready' }];
  const waiting: (() => void)[] = [];
  const attempt = async (key: string, expected: string | null, body: string) => {
    try {
      return { won: true, etag: (await store.swap(key, Buffer.from(body), { expected })).etag };
    } catch (e) {
      if (e instanceof PreconditionFailed) return { won: false, etag: e.current };
      throw e;
    }
  };
  async function work(m: ToSwapChild): Promise<FromSwapChild> {
    if (m.kind === 'swap') return { kind: 'swapped', ...(await attempt(m.key, m.expected, m.body)) };
    let [won, lost] = [0, 0];
    while (won < m.times) {
      const { body, etag } = await store.get(m.key);
      const { n } = JSON.parse(Buffer.from(body).toString()) as { n: number };
      const result = await attempt(m.key, etag, JSON.stringify({ n: n + 1, by: Math.random(), won, lost }));
      if (result.won) won++;
      else lost++;
    }
    return { kind: 'counted', won, lost };
  }
  return {
    process: { kill: () => true } as never,
    pid: 0,
    messages: said,
    send: (m) =>
      void work(m as ToSwapChild).then((answer) => {
        said.push(answer);
        waiting.splice(0).forEach((go) => go());
      }),
    next: async <T>() => {
      while (said.length === 0) await new Promise<void>((go) => waiting.push(go));
      return said.shift() as T;
    },
    exited: Promise.resolve({ code: 0, signal: null }),
    end: async () => {},
  };
}
