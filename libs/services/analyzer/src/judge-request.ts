import { analysisIdOf, decodeNumber, derivedId, objectKeys, runAnalysis } from '@minvar/contracts';
import type { ArtifactRef, EnvelopeOf, ExperimentAnalysis, MetricValue, RunAnalysis } from '@minvar/contracts';
import type { Cell, Endpoint, ExperimentDefinition } from '@minvar/coordination';
import { worseThanErm } from '@minvar/metrics';
import type { EndpointResult, Pair } from '@minvar/metrics';
import type { ObjectStore } from '@minvar/service-kit';
import { cellOf, choicesText, choose, runsOf } from './chosen-arms';
import type { Counted } from './chosen-arms';
import { dotPlot } from './figures/dot-plot';
import { breathe } from './breathe';
import type { DotPanel } from './figures/dot-plot';
import type { Knowledge, RunKnowledge, Work } from './knowledge';
import { judgeBoth, reEstimated } from './re-estimated';
import type { RunsResult, TwoFold } from './re-estimated';
import { createMetricTable, exactTable, metricRows, storeArtifact } from './tables';

type JudgeWork = Extract<Work, { kind: 'judge' }>;

type Address = Pick<Endpoint, 'metric' | 'variant' | 'split' | 'selection'>;

const valueOf = (run: Counted, at: Address): MetricValue | undefined =>
  run.analysis.metrics.find(
    (m) => m.name === at.metric && m.variant === at.variant && m.split === at.split && m.selection === at.selection,
  );

/** Values of one arm under one condition, by seed. */
function bySeed(runs: readonly Counted[], condition: string, arm: string, at: Address): Map<number, number> {
  const own = runs.filter((r) => r.cell.condition === condition && r.cell.arm === arm);
  return new Map(
    own.flatMap((r) => {
      const value = valueOf(r, at);
      return value ? [[r.seed, decodeNumber(value)] as const] : [];
    }),
  );
}

function pairsOf(runs: readonly Counted[], condition: string, a: string, b: string, at: Address): Pair[] {
  const [of, against] = [bySeed(runs, condition, a, at), bySeed(runs, condition, b, at)];
  return [...of]
    .filter(([seed]) => against.has(seed))
    .map(([seed, value]) => ({ seed, a: value, b: against.get(seed)! }));
}

/** An endpoint with its runs' values. */
const runsResult = (runs: readonly Counted[], endpoint: Endpoint): RunsResult => ({
  kind: 'runs',
  endpoint,
  pairs: pairsOf(runs, endpoint.condition, endpoint.a, endpoint.b, endpoint),
  testExamples: testExamplesOf(runs, endpoint),
});

/** The same endpoint under re-estimated statistics; null unless every pair of runs has both. */
function reEstimatedResult(runs: readonly Counted[], endpoint: Endpoint): RunsResult | null {
  const own = runsResult(runs, endpoint);
  const again = runsResult(runs, { ...endpoint, variant: reEstimated(endpoint.variant) });
  return again.pairs.length > 0 && again.pairs.length === own.pairs.length ? again : null;
}

/** metrics that are a share of all examples of the split */
const shares = ['error', 'follows-colour', 'group-accuracy'];

/** How many examples an endpoint's metric is a share of; null where it is none. The worst group is as large as the smallest that is worst. */
function testExamplesOf(runs: readonly Counted[], e: Endpoint): number | null {
  const own = runs.filter((r) => r.cell.condition === e.condition && [e.a, e.b].includes(r.cell.arm));
  if (e.variant !== null || own.length === 0 || e.split === 'train') return null;
  if (shares.includes(e.metric)) return own[0]!.analysis.splits.find((s) => s.name === e.split)?.examples ?? null;
  if (e.metric !== 'worst-group-accuracy') return null;
  const counts = own.flatMap((r) => {
    const groups = (valueOf(r, { ...e, metric: 'group-accuracy' })?.perGroup ?? []).filter(
      (g) => g.count > 0 && g.value !== null,
    );
    const worst = Math.min(...groups.map((g) => g.value!));
    return groups.filter((g) => g.value === worst).map((g) => g.count);
  });
  return counts.length > 0 ? Math.min(...counts) : null;
}

/** "3 of 36 runs left out: 2 failed (NON_FINITE), 1 cancelled" — or null when every run counts. */
function leftOutText(runs: readonly { readonly run: RunKnowledge }[]): string | null {
  const reasons = runs.flatMap(({ run }) => {
    if (run.end!.state === 'FAILED') return [`failed (${run.end!.why ?? 'unknown'})`];
    if (run.end!.state === 'CANCELLED') return ['cancelled'];
    return run.analysis === 'failed' ? ['could not be measured'] : [];
  });
  if (reasons.length === 0) return null;
  const counts = [...new Set(reasons)].map((r) => `${reasons.filter((x) => x === r).length} ${r}`);
  return `${reasons.length} of ${runs.length} runs left out: ${counts.join(', ')}`;
}

const conditionsOf = (cells: readonly Cell[]): string[] => [...new Set(cells.map((c) => c.condition))];

/** One panel an endpoint's metric, split and condition: every arm's seeds. Primary ones first; exact ones have one value an arm. */
function panelsOf(
  definition: ExperimentDefinition,
  results: readonly EndpointResult[],
  runs: readonly Counted[],
  cells: readonly Cell[],
): DotPanel[] {
  const panels = new Map<string, DotPanel>();
  for (const r of [...results].sort((x, y) => Number(y.endpoint.primary) - Number(x.endpoint.primary))) {
    const e = r.endpoint;
    const title = `${e.metric}${e.variant === null ? '' : ` (${e.variant})`} on ${e.split}, ${e.condition}`;
    const format = definition.columns.find((c) => c.metric === e.metric)?.format ?? 'number';
    if (r.kind === 'exact') {
      const rows = [...(panels.get(title)?.rows ?? []), { label: e.a, values: [r.a] }, { label: e.b, values: [r.b] }];
      panels.set(title, { title, format, rows: [...new Map(rows.map((row) => [row.label, row])).values()] });
    } else if (!panels.has(title)) {
      const at = {
        metric: e.metric,
        variant: e.variant,
        split: e.split,
        selection: r.endpoint.selection as Endpoint['selection'],
      };
      const arms = cells.filter((c) => c.condition === e.condition).map((c) => c.arm);
      panels.set(title, {
        title,
        format,
        rows: arms.map((arm) => ({ label: arm, values: [...bySeed(runs, e.condition, arm, at).values()] })),
      });
    }
  }
  return [...panels.values()].slice(0, 40);
}

/** Methods whose error on the training distribution is worse than ERM's at equal seeds. */
function signsOf(cells: readonly Cell[], runs: readonly Counted[]): ExperimentAnalysis['signs'] {
  return conditionsOf(cells).flatMap((condition) => {
    const arms = cells.filter((c) => c.condition === condition && c.arm !== 'erm').map((c) => c.arm);
    return arms.flatMap((arm) =>
      ['test-same', 'test'].flatMap((split) => {
        const pairs = pairsOf(runs, condition, arm, 'erm', {
          metric: 'error',
          variant: null,
          split,
          selection: 'last',
        });
        const sign = worseThanErm(`error on ${split}`, pairs, 1);
        return sign ? [{ ...sign, condition, arm }] : [];
      }),
    );
  });
}

async function readAnalysis(
  store: Pick<ObjectStore, 'get'>,
  projectId: string,
  runId: string,
  attempt: number,
): Promise<RunAnalysis> {
  const key = `${objectKeys.analysisPrefix(analysisIdOf(projectId, runId, attempt))}manifest.json`;
  return runAnalysis.parse(JSON.parse(Buffer.from((await store.get(key)).body).toString('utf8')));
}

function envelope(
  { eventId, of: { request, projectId } }: JudgeWork,
  now: Date,
  said: Pick<EnvelopeOf<'experiment.judged'>['data'], 'comparisons' | 'verdicts' | 'artifacts'>,
): EnvelopeOf<'experiment.judged'> {
  const { requestId, experimentId, name, preset } = request;
  const data = { requestId, experimentId, name, preset, ...said };
  return {
    id: eventId,
    type: 'experiment.judged',
    source: 'analyzer',
    subject: experimentId,
    time: now.toISOString(),
    projectId,
    term: null,
    traceparent: null,
    data,
  };
}

/**
 * Judges a request whose runs are all terminal: comparisons paired by seed over the runs that count, exact endpoints, one
 * verdict a claim; runs that failed, were cancelled or could not be measured are counted in `because`. Stores tables, figure
 * and manifest under `analyses/<id>/` and answers the event.
 */
export async function judgeRequest(
  store: ObjectStore,
  work: JudgeWork,
  knowledge: Knowledge,
  experiments: Readonly<Record<string, ExperimentDefinition>>,
  now: Date,
): Promise<EnvelopeOf<'experiment.judged'>> {
  const { request, projectId } = work.of;
  const definition = Object.hasOwn(experiments, request.name) ? experiments[request.name]! : null;
  if (!definition)
    throw new Error(`there is no experiment '${request.name}'; known are ${Object.keys(experiments).join(', ')}`);
  const preset = definition.presets[request.basePreset];
  if (!preset)
    throw new Error(
      `experiment '${request.name}' has no preset '${request.basePreset}'; it has ${Object.keys(definition.presets).join(', ')}`,
    );

  const members = work.of.runs!.map((r) => ({ ...r, run: knowledge.runs.get(r.runId)! }));
  const counted: Counted[] = [];
  for (const { runId, cell: name, method, seed, run } of members) {
    const cell = preset.cells.find((c) => c.name === name);
    if (!cell)
      throw new Error(
        `run ${runId} is of the cell '${name}', which preset '${request.basePreset}' of '${request.name}' no longer has; run the experiment again`,
      );
    if (run.end!.state === 'SUCCEEDED' && run.analysis === 'done')
      counted.push({ runId, cell, method, seed, analysis: await readAnalysis(store, projectId, runId, run.attempt) });
  }

  const choices = choose(counted, definition.chosenArms?.(request.basePreset) ?? [], preset.cells);
  const compared = [...counted, ...runsOf(counted, choices)];
  const cells = [...preset.cells, ...choices.map(cellOf)];
  const exact = definition.exact?.(request.basePreset) ?? { endpoints: [], rows: [] };
  const twoFold: TwoFold[] = [
    ...definition.endpoints(request.basePreset).map((endpoint) => ({
      asTrained: runsResult(compared, endpoint),
      reEstimated: reEstimatedResult(compared, endpoint),
    })),
    ...exact.endpoints.map((endpoint) => ({
      asTrained: { kind: 'exact' as const, endpoint, a: endpoint.valueA, b: endpoint.valueB },
      reEstimated: null,
    })),
  ];
  const results = twoFold.map((r) => r.asTrained);
  const { comparisons, verdicts } = judgeBoth({
    claims: definition.claims.map((c) => c.id),
    results: twoFold,
    leftOut: [leftOutText(members), choicesText(choices)].filter((t) => t !== null).join('; ') || null,
  });

  const analysisId = derivedId('analysis', projectId, work.eventId);
  const artifacts: ArtifactRef[] = [];
  const parquet = 'application/vnd.apache.parquet';
  if (counted.length > 0) {
    const table = createMetricTable();
    for (const { runId, cell, method, seed, analysis } of counted) {
      table.add(metricRows(analysis.metrics, analysis.classes), { run_id: runId, cell: cell.name, method, seed });
      await breathe();
    }
    const results = table.finish();
    artifacts.push(await storeArtifact(store, analysisId, 'tables/results.parquet', 'table', parquet, results));
  }
  if (exact.rows.length > 0)
    artifacts.push(
      await storeArtifact(store, analysisId, 'tables/exact.parquet', 'table', parquet, exactTable(exact.rows)),
    );
  const figure = dotPlot(`${definition.title} (${request.preset})`, panelsOf(definition, results, compared, cells));
  artifacts.push(
    await storeArtifact(store, analysisId, 'figures/comparisons.svg', 'figure', 'image/svg+xml', Buffer.from(figure)),
  );

  const { requestId, experimentId, name } = request;
  const analysis: ExperimentAnalysis = {
    v: 1,
    kind: 'experiment',
    projectId,
    analysisId,
    requestId,
    experimentId,
    name,
    preset: request.preset,
    runs: members.map(({ runId, cell, seed, run }) => ({
      runId,
      cell,
      seed,
      attempt: run.attempt,
      state: run.end!.state,
      counted: counted.some((c) => c.runId === runId),
    })),
    comparisons: [...comparisons],
    verdicts: [...verdicts],
    signs: signsOf(cells, compared),
    artifacts,
  };
  artifacts.push(
    await storeArtifact(
      store,
      analysisId,
      'manifest.json',
      'manifest',
      'application/json',
      Buffer.from(`${JSON.stringify(analysis)}\n`),
    ),
  );
  return envelope(work, now, { comparisons: [...comparisons], verdicts: [...verdicts], artifacts });
}

/** The judgement when it could not be made: every claim is NOT_RUN, because of the error. */
export function judgementFailure(
  work: JudgeWork,
  experiments: Readonly<Record<string, ExperimentDefinition>>,
  error: string,
  now: Date,
): EnvelopeOf<'experiment.judged'> {
  const definition = Object.hasOwn(experiments, work.of.request.name) ? experiments[work.of.request.name]! : null;
  const verdicts = (definition?.claims ?? []).map((c) => ({
    claim: c.id,
    verdict: 'NOT_RUN' as const,
    because: error,
  }));
  return envelope(work, now, { comparisons: [], verdicts, artifacts: [] });
}
