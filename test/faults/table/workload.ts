import type { CheckpointPointer, RunHead } from '@minvar/contracts';
import { isTerminal, objectKeys, runHead } from '@minvar/contracts';
import { graphql, until } from '../../e2e/support';
import type { System } from './system';

/** What a client was promised: runs of a mutation that was answered. */
export interface Promised {
  readonly idempotencyKey: string;
  readonly preset: string;
  readonly runIds: readonly string[];
}

/** Epochs of each run: long enough for faults to meet it, some seconds of work. */
export const epochs = 30;

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Asks a gateway that answers, as a client with patience would; each time another one. */
export async function ask<T>(
  s: System,
  query: string,
  variables: Record<string, unknown> = {},
  seconds = 120,
): Promise<T> {
  let turn = 0;
  let last = 'no gateway was ready';
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    const urls = await s.gateways();
    const url = urls[turn++ % Math.max(1, urls.length)];
    try {
      if (url) {
        const { data, errors } = await graphql<T>(url, query, variables);
        if (!errors) return data;
        last = errors.map((e) => e.message).join('; ');
      }
    } catch (e) {
      last = (e as Error).message;
    }
    await pause(200);
  }
  throw new Error(`no gateway answered within ${seconds} s: ${last}`);
}

const mutation = `mutation ($input: RunExperimentInput!) {
  runExperiment(input: $input) { __typename ... on RunExperimentPayload { preset runIds } ... on Error { message } }
}`;

/** Three runs, one a method, new ones each time. */
export async function accepted(s: System, idempotencyKey: string): Promise<Promised> {
  const input = {
    ...{ name: 'spurious-colour', preset: 'ci', seeds: 1, fresh: true, idempotencyKey },
    set: [`epochs=${epochs}`, 'data.limit=500'],
  };
  const { runExperiment: answer } = await ask<{
    runExperiment: { __typename: string; preset: string; runIds: string[]; message?: string };
  }>(s, mutation, { input });
  if (answer.__typename !== 'RunExperimentPayload') throw new Error(`refused: ${answer.message}`);
  // The answer is empty while data is still to be made; asked again with the same key it says the same.
  const runIds = answer.runIds.length > 0 ? answer.runIds : await runsOf(s, answer.preset);
  return { idempotencyKey, preset: answer.preset, runIds };
}

const runsOf = (s: System, preset: string): Promise<string[]> =>
  until('the runs of an experiment', async () => {
    const ids = (await told(s, preset)).map((r) => r.id);
    return ids.length === 3 ? ids : null;
  });

/** A run's head as the store has it; null while there is none or the store does not answer. */
export async function headOf(s: System, runId: string): Promise<RunHead | null> {
  try {
    const { body } = await s.place.store.get(objectKeys.runHead(runId));
    return runHead.parse(JSON.parse(Buffer.from(body).toString('utf8')));
  } catch {
    return null;
  }
}

export interface Watch {
  /** What no head may do: go back to an earlier term, or change after its end. */
  readonly wrong: readonly string[];
  stop(): Promise<void>;
}

/** Looks at heads all the time: fencing lives in their order, which the end does not show. */
export function watchHeads(s: System, runIds: readonly string[]): Watch {
  const last = new Map<string, RunHead>();
  const wrong: string[] = [];
  let isOver = false;
  const look = async (): Promise<void> => {
    for (const runId of runIds) {
      const [before, now] = [last.get(runId), await headOf(s, runId)];
      if (!now) continue;
      last.set(runId, now);
      if (!before) continue;
      const name = runId.slice(0, 12);
      if (now.term < before.term)
        wrong.push(`${name}: term ${now.term} of ${now.owner} came after term ${before.term} of ${before.owner}`);
      if (now.term === before.term && now.owner !== null && before.owner !== null && now.owner !== before.owner)
        wrong.push(`${name}: two owners in term ${now.term}, ${before.owner} and ${now.owner}`);
      if (
        isTerminal(before.state) &&
        now.attempt === before.attempt &&
        JSON.stringify(now.outcome) !== JSON.stringify(before.outcome)
      )
        wrong.push(`${name}: it had ended ${before.state}, and changed to ${now.state} in term ${now.term}`);
    }
  };
  const going = (async () => {
    while (!isOver) {
      await look();
      await pause(25);
    }
  })();
  return {
    wrong,
    stop: async () => {
      isOver = true;
      await going;
    },
  };
}

/** Waits for a run of these that trains and has a checkpoint; its head. */
export const underway = (
  s: System,
  runIds: readonly string[],
  seconds = 90,
): Promise<RunHead & { checkpoint: CheckpointPointer }> =>
  until(
    'a run to train',
    async () => {
      for (const head of await Promise.all(runIds.map((id) => headOf(s, id))))
        if (head?.state === 'RUNNING' && head.owner && head.checkpoint) return { ...head, checkpoint: head.checkpoint };
      return null;
    },
    seconds,
  );

/** Waits until every run has ended, in the heads and in what gateways say, and was analysed where it succeeded; the states. */
export async function ended(s: System, promised: Promised, seconds = 240): Promise<string[]> {
  const { runIds } = promised;
  await until(
    'the runs to end',
    async () => (await Promise.all(runIds.map((id) => headOf(s, id)))).every((h) => h && isTerminal(h.state)),
    seconds,
  );
  return until(
    'the gateways to know that they ended',
    async () => {
      const runs = await told(s, promised.preset);
      const isOver = (r: Told): boolean =>
        r.state === 'SUCCEEDED' ? r.analysed : ['FAILED', 'CANCELLED'].includes(r.state);
      return runs.length === promised.runIds.length && runs.every(isOver) ? runs.map((r) => r.state) : null;
    },
    120,
  );
}

/** What a gateway says of a run. */
export interface Told {
  readonly id: string;
  readonly state: string;
  readonly analysed: boolean;
  readonly specHash: string;
  readonly metrics: readonly unknown[];
}

export async function told(s: System, preset: string): Promise<readonly Told[]> {
  const fields =
    'id state analysed specHash metrics { name variant split epoch selection value nonFinite perClass perGroup { group count value } }';
  const query = `query ($preset: String!) { experiment(name: "spurious-colour") { runs(preset: $preset) { edges { node { ${fields} } } } } }`;
  const { experiment } = await ask<{ experiment: { runs: { edges: { node: Told }[] } } }>(s, query, { preset });
  return experiment.runs.edges.map((e) => e.node);
}
