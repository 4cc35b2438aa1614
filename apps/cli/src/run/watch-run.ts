import type { Client } from '../client/graphql-client';
import { ResyncError } from '../client/graphql-client';
import type { Context } from '../context';
import { outJson } from '../context';
import { InterruptedError, UsageError } from '../errors';
import { runDetailQuery, runLogSubscription, runUpdatedSubscription } from '../graphql/operations.gen';

const terminal = ['SUCCEEDED', 'FAILED', 'CANCELLED'];
/** seconds that the measurements of a run that succeeded may take, before they are no longer waited for */
const patience = 120;

/** Follows a run to its end, its measurements too; true when it succeeded. The log goes to stderr, the last state to stdout. */
export async function watchRun(
  ctx: Context,
  client: Client,
  id: string,
  { json }: { readonly json?: boolean },
): Promise<boolean> {
  const stop = new AbortController();
  const signal = AbortSignal.any([ctx.signal, stop.signal]);
  const read = async () => {
    const { cursor, run } = await client.request(runDetailQuery, { id });
    if (!run) throw new UsageError(`there is no run '${id}'; \`minvar runs list\` shows the runs there are`);
    return { cursor, run };
  };
  let { cursor, run } = await read();
  const log = (async () => {
    try {
      for await (const { runLog } of client.follow(
        runLogSubscription,
        { id, after: cursor },
        (e) => e.runLog.cursor,
        signal,
      )) {
        for (const l of runLog.lines)
          if (!['debug', 'trace'].includes(l.level)) ctx.progress.line(`${l.at} ${l.level.padEnd(5)} ${l.text}`);
      }
    } catch (e) {
      if (!(e instanceof ResyncError)) throw e;
    }
  })();
  // a failure of the log's stream is told at the end, after the run's own
  const logFailure = log.then(
    () => null,
    (e: unknown) => e,
  );
  try {
    const show = (r: { progress: number; state: string; method: string; seed: number }) =>
      ctx.progress.update({
        label: `${r.method} seed ${r.seed}`,
        done: Math.round(100 * r.progress),
        total: 100,
        unit: 'percent',
        note: r.state.toLowerCase(),
      });
    let last: Pick<typeof run, 'state' | 'analysed'> = run;
    const follow = async (isOver: () => boolean, until: AbortSignal): Promise<void> => {
      while (!isOver() && !until.aborted) {
        try {
          const variables = { id, after: cursor };
          for await (const { runUpdated } of client.follow(
            runUpdatedSubscription,
            variables,
            (e) => e.runUpdated.cursor,
            until,
          )) {
            cursor = runUpdated.cursor;
            last = runUpdated.run;
            show(runUpdated.run);
            if (isOver()) return;
          }
        } catch (e) {
          if (!(e instanceof ResyncError)) throw e;
          ({ cursor, run } = await read());
          last = run;
        }
      }
      if (ctx.signal.aborted) throw new InterruptedError(`no longer watching ${id}`);
    };
    await follow(() => terminal.includes(last.state), signal);
    if (last.state === 'SUCCEEDED')
      await follow(() => last.analysed, AbortSignal.any([signal, AbortSignal.timeout(patience * 1000)]));
    ({ run } = await read());
  } finally {
    ctx.progress.clear();
    stop.abort();
    const failure = await logFailure;
    if (failure) ctx.progress.line(`the log could not be followed: ${(failure as Error).message}`);
  }
  if (json) await outJson(ctx, run);
  else
    await ctx.out(
      `${run.id} ${run.state.toLowerCase()}${run.failure ? `: ${run.failure.kind}: ${run.failure.message}` : ''}\n`,
    );
  return run.state === 'SUCCEEDED';
}
