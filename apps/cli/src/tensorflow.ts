import { existsSync, readFileSync } from 'node:fs';
import type { Context } from './context';
import { InterruptedError, WorkError } from './errors';
import { once } from 'node:events';

interface SetUp {
  readonly tensorflowVersion: string;
  setUpTensorFlow(options: {
    cacheDir: string;
    log: (line: string, transient?: boolean) => void;
  }): Promise<{ dir: string; version: string; fresh: boolean }>;
}

// The set-up is plain JavaScript outside the bundles: it also runs before anything is built.
const setUp = async (): Promise<SetUp> =>
  (await import(new URL('../tools/tensorflow/setup.mjs', import.meta.url).href)) as SetUp;

/** Puts TensorFlow in place on first use; afterwards this takes no time. */
export async function ensureTensorFlow(ctx: Context): Promise<void> {
  const { setUpTensorFlow } = await setUp();
  const done = new AbortController();
  let shownAt = -Infinity;
  const log = (line: string, transient = false) => {
    if (!transient) return ctx.progress.line(line);
    if (ctx.progress.transient(line)) return;
    if (performance.now() - shownAt < 10_000) return;
    shownAt = performance.now();
    ctx.progress.line(line);
  };
  try {
    await Promise.race([
      setUpTensorFlow({ cacheDir: ctx.environment.cache, log }),
      once(ctx.signal, 'abort', { signal: done.signal }).then(() => {
        throw new InterruptedError('interrupted while TensorFlow was set up; the same command goes on where it was');
      }),
    ]);
  } catch (e) {
    if (e instanceof Error && e.name === 'SetUpError') throw new WorkError(e.message, { cause: e });
    throw e;
  } finally {
    done.abort();
    ctx.progress.clear();
  }
}

/** What is in place, without changing anything. */
export async function tensorFlowState(): Promise<{ version: string; dir: string | null }> {
  const { tensorflowVersion } = await setUp();
  const stamp = new URL('../node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8/minvar.json', import.meta.url);
  try {
    const { dir, addon } = JSON.parse(readFileSync(stamp, 'utf8')) as { dir: string; addon: string };
    return {
      version: tensorflowVersion,
      dir: existsSync(addon) && existsSync(`${dir}/libtensorflow_cc.so.2`) ? dir : null,
    };
  } catch {
    return { version: tensorflowVersion, dir: null };
  }
}
