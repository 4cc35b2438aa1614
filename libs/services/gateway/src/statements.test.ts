import { readFile } from 'node:fs/promises';
import type { MessageData } from '@minvar/contracts';
import { derivedId, experimentIdOf, ingestIdOf, localProject } from '@minvar/contracts';
import { defineExperiment } from '@minvar/coordination';
import { Kind, OperationTypeNode, parse, print } from 'graphql';
import type { DocumentNode, FragmentDefinitionNode } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Run } from './testing/events';
import {
  analysed,
  claimed,
  exampleOf,
  lines,
  makeMnist,
  points,
  progress,
  queued,
  runWithSeed,
  said,
  started,
  succeeded,
} from './testing/events';
import { colours, openLaboratory } from './testing/laboratory';
import type { Laboratory } from './testing/laboratory';

/**
 * What an operation may cost: SQL statements that read. Whoever adds an operation states its price; that a price does not rise with
 * the number of rows is tested for all of them.
 */
const prices: Record<string, number> = {
  'cli Catalogue': 0,
  'cli Cursor': 0,
  'cli DatasetFiles': 1,
  'cli Datasets': 2,
  'cli DeadLetters': 0,
  'cli ExperimentResults': 7,
  'cli ExperimentRunStates': 3,
  'cli ExperimentStanding': 1,
  'cli ExperimentStates': 1,
  'cli ExperimentVerdicts': 1,
  'cli Experiments': 1,
  'cli KnownNames': 1,
  'cli RunDetail': 5,
  'cli RunLogTail': 2,
  'cli Runs': 4,
  'page Curve': 3,
  'page Filters': 0,
  'page Overview': 1,
  'page RunPage': 7,
  'page Runs': 5,
  'page Standing': 3,
};

const variablesOf = (run: Run): Record<string, unknown> => ({
  id: run.runId,
  name: 'colours',
  preset: 'quick',
  metric: 'error',
  split: 'test',
  tail: 100,
  first: 100,
});
/** Operations whose `name` is not an experiment's. */
const other: Record<string, Record<string, unknown>> = { 'cli DatasetFiles': { name: 'mnist' } };

/** How many of its rows an answer shows, so that no price is that of an empty list. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
const listed: Record<string, (data: any) => number> = {
  'cli Datasets': (data) => data.datasets.edges.length,
  'cli Experiments': (data) => data.experiments.edges.length,
  'cli ExperimentResults': (data) => data.experiment.runs.edges.length,
  'cli ExperimentRunStates': (data) => data.experiment.runs.edges.length,
  'cli RunLogTail': (data) => data.run.log.length,
  'cli Runs': (data) => data.runs.edges.length,
  'page Curve': (data) => data.run.series.values.length,
  'page Overview': (data) => data.experiments.edges.length,
  'page Runs': (data) => data.runs.edges.length,
};

const dependents = (document: DocumentNode, text: string): FragmentDefinitionNode[] => {
  const named = document.definitions.filter((d) => d.kind === Kind.FRAGMENT_DEFINITION);
  const used = named.filter((f) => new RegExp(`\\.\\.\\.\\s*${f.name.value}\\b`).test(text));
  return [...new Set(used.flatMap((f) => [f, ...dependents(document, print(f))]))];
};

/** Every query of the command line and of the web page, whole, by `<whose> <name>`. */
async function operations(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const [whose, app] of [
    ['cli', 'cli'],
    ['page', 'dashboard'],
  ] as const) {
    const file = new URL(`../../../../apps/${app}/src/graphql/operations.graphql`, import.meta.url);
    const document = parse(await readFile(file, 'utf8'));
    for (const d of document.definitions) {
      if (d.kind !== Kind.OPERATION_DEFINITION || d.operation !== OperationTypeNode.QUERY) continue;
      const text = print(d);
      found.set(`${whose} ${d.name!.value}`, [text, ...dependents(document, text).map(print)].join('\n'));
    }
  }
  return found;
}

/** A laboratory with `n` of everything: runs that were measured and belong to an experiment, experiments, versions of a dataset. */
async function laboratoryOf(n: number): Promise<{ lab: Laboratory; run: Run }> {
  const more = Array.from({ length: n - 1 }, (_, i) => defineExperiment({ ...colours, name: `colours-${i}` }));
  const experiments = Object.fromEntries([colours, ...more].map((e) => [e.name, e]));
  const lab = await openLaboratory({ experiments });
  const { event, manifest } = await makeMnist(lab.store);
  await lab.say(event);
  const made = event.data as MessageData<'dataset.versionCreated'>;
  for (let i = 1; i < n; i++) {
    const ingestId = ingestIdOf(localProject, 'mnist', { ...made.parameters, i }, null);
    const versionId = derivedId('datasetVersion', `statements-${i}`);
    const data = { ...made, ingestId, manifest: { ...manifest, versionId } };
    await lab.say(said('dataset.versionCreated', ingestId, data));
  }
  const runs = Array.from({ length: n }, (_, i) => runWithSeed(i));
  for (const r of runs)
    await lab.say(
      queued(r, manifest.versionId),
      claimed(r),
      started(r),
      progress(r, 5),
      ...['error', 'loss', ...Array.from({ length: n }, (_, i) => `metric-${i}`)].map((metric) =>
        points(
          r,
          metric,
          Array.from({ length: n }, (_, step) => [step, step]),
        ),
      ),
      lines(r, ...Array.from({ length: n }, (_, i) => `line ${i}`)),
      succeeded(r),
      analysed(r),
    );
  for (const { name } of Object.values(experiments)) {
    const experimentId = experimentIdOf(localProject, name);
    const requestId = derivedId('request', name);
    const of = { requestId, experimentId, name, preset: 'quick' };
    await lab.say(
      said('experiment.accepted', experimentId, {
        ...of,
        ...{ basePreset: 'quick', seeds: null, set: [], freshNonce: null, priority: 0, waitingFor: [] },
      }),
      said('experiment.expanded', experimentId, {
        ...of,
        runs: runs.map(({ runId }, i) => ({ runId, cell: 'erm, jitter 0', method: 'erm', seed: i })),
      }),
      said('experiment.judged', experimentId, { ...exampleOf('experiment.judged'), ...of }),
    );
  }
  return { lab, run: runs[0]! };
}

/** How many statements each operation read with. */
async function pricesIn(n: number): Promise<{ counted: Record<string, number>; close(): Promise<void> }> {
  const { lab, run } = await laboratoryOf(n);
  const counted: Record<string, number> = {};
  for (const [name, query] of await operations()) {
    lab.statements.length = 0;
    const { data, errors } = await lab.ask(query, { ...variablesOf(run), ...other[name] });
    expect(errors, name).toBeUndefined();
    if (name in listed) expect(listed[name]!(data), name).toBe(n);
    counted[name] = lab.statements.filter((s) => /^\s*(select|with)\b/i.test(s)).length;
  }
  return { counted, close: () => lab.close() };
}

describe('SQL statements of each query', () => {
  let few: Awaited<ReturnType<typeof pricesIn>>;
  let many: Awaited<ReturnType<typeof pricesIn>>;
  beforeAll(async () => {
    few = await pricesIn(2);
    many = await pricesIn(20);
  }, 180_000);
  afterAll(async () => {
    await few?.close();
    await many?.close();
  });

  it('are as many for twenty of everything as for two', () => expect(many.counted).toEqual(few.counted));

  it('are as stated, and stated for every operation', () => expect(many.counted).toEqual(prices));
});
