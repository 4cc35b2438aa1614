import type { ObjectStore } from '../object-store/port';
import { PreconditionFailed } from '../object-store/port';

export type ToSwapChild =
  /** one attempt from a known state */
  | { kind: 'swap'; key: string; expected: string | null; body: string }
  /** add one to the counter in the object `times` times, however often that takes */
  | { kind: 'count'; key: string; times: number };
export type FromSwapChild =
  | { kind: 'ready' }
  | { kind: 'swapped'; won: boolean; etag: string | null }
  | { kind: 'counted'; won: number; lost: number };

/** The main of a process that swaps as it is told: `runSwapChild(() => open the store)`. */
export async function runSwapChild(open: () => Promise<ObjectStore>): Promise<void> {
  const store = await open();
  const say = (m: FromSwapChild): void => void process.send!(m);

  async function attempt(
    key: string,
    expected: string | null,
    body: string,
  ): Promise<{ won: boolean; etag: string | null }> {
    try {
      return { won: true, etag: (await store.swap(key, Buffer.from(body), { expected })).etag };
    } catch (error) {
      if (error instanceof PreconditionFailed) return { won: false, etag: error.current };
      throw error;
    }
  }

  async function count(key: string, times: number): Promise<FromSwapChild> {
    let [won, lost] = [0, 0];
    while (won < times) {
      const current = await store.get(key);
      const { n } = JSON.parse(Buffer.from(current.body).toString()) as { n: number };
      const result = await attempt(key, current.etag, JSON.stringify({ n: n + 1, by: process.pid, won, lost }));
      if (result.won) won += 1;
      else lost += 1;
    }
    return { kind: 'counted', won, lost };
  }

  process.on('message', (message: ToSwapChild) => {
    const work =
      message.kind === 'swap'
        ? attempt(message.key, message.expected, message.body).then((r) => ({ kind: 'swapped' as const, ...r }))
        : count(message.key, message.times);
    void work.then(say);
  });
  process.on('disconnect', () => process.exit(0));
  say({ kind: 'ready' });
}
