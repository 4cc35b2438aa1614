import { topicOf } from '@minvar/contracts';
import type { PartitionRange, Row, RunView } from '@minvar/read-model';
import type { Context } from '../context';
import { shown } from '../series/series-of';
import type { Feed, Item } from './follow';

const runCommands = topicOf('run', 'commands');
const runEvents = topicOf('run', 'events');
const runMetrics = topicOf('run', 'metrics');
const runLogs = topicOf('run', 'logs');
const analysisEvents = topicOf('analysis', 'events');
const experimentCommands = topicOf('experiment', 'commands');
const experimentEvents = topicOf('experiment', 'events');
const datasetEvents = topicOf('dataset', 'events');

const ofTopic = (ranges: readonly PartitionRange[], ...topics: readonly string[]): PartitionRange[] =>
  ranges.filter((r) => topics.includes(r.topic));

const position = (c: Pick<Row<'changes'>, 'topic' | 'part' | 'off'>) => ({
  topic: c.topic,
  part: Number(c.part),
  off: Number(c.off),
});

type RunChange = Item<{ runId: string; patch: Partial<RunView> }>;

/** Every event of a run, of an experiment's runs, or of all runs. Shows the run as that event left it, the rest as it is now. */
export function runFeed(
  { id, experiment }: { id?: string | null; experiment?: { id: string; name: string } | null },
  { options: { readModel } }: Context,
): Feed<{ run: RunView }> {
  const { queries } = readModel;

  async function read(ranges: readonly PartitionRange[]): Promise<Item<{ run: RunView }>[]> {
    const members = experiment ? await queries.experimentRunIds(experiment.name, null) : null;
    const only = id ? [id] : members;
    const changes = await queries.changesOf(only, ofTopic(ranges, runCommands, runEvents, analysisEvents));
    const progress = await queries.progressOf(only, ofTopic(ranges, runMetrics));
    const items: RunChange[] = [
      ...changes
        .filter((c) => c.subject.startsWith('run_'))
        .map((c) => ({ ...position(c), key: '', event: { runId: c.subject, patch: c.patch as Partial<RunView> } })),
      ...progress.map((p) => ({
        topic: runMetrics,
        part: p.part,
        off: Number(p.off),
        key: '',
        event: { runId: p.run_id, patch: {} },
      })),
      ...(experiment ? await joined(experiment.id, members!, ofTopic(ranges, experimentEvents)) : []),
    ];
    const runs = new Map(
      (await queries.runsByIds([...new Set(items.map((i) => i.event.runId))])).map((r) => [r.id, r]),
    );
    return items.flatMap((i) => {
      const run = runs.get(i.event.runId);
      return run ? [{ ...i, event: { run: { ...run, ...i.event.patch } } }] : [];
    });
  }

  /** Runs that have become the experiment's: what was said of them before was not for this feed. */
  async function joined(
    experimentId: string,
    members: readonly string[],
    ranges: readonly PartitionRange[],
  ): Promise<RunChange[]> {
    const expansions = (await queries.changesOf([experimentId], ranges)).filter(
      (c) => c.type === 'experiment.expanded',
    );
    return expansions.flatMap((c) =>
      members.map((runId) => ({ ...position(c), key: runId, event: { runId, patch: {} } })),
    );
  }

  return {
    topics: [runCommands, runEvents, runMetrics, analysisEvents, ...(experiment ? [experimentEvents] : [])],
    shortLived: [],
    concerns: ({ subjects }) => !id || subjects.has(id),
    read,
  };
}

export interface PointsEvent {
  readonly runId: string;
  readonly metric: string;
  readonly variant: string | null;
  readonly split: string;
  readonly class: string | null;
  readonly group: string | null;
  readonly steps: number[];
  readonly values: (number | null)[];
  readonly nonFinite: (string | null)[] | null;
}

/** Points of curves as batches brought them, one message a curve and batch. */
export function pointsFeed(
  runIds: readonly string[],
  metrics: readonly string[] | null,
  { options: { readModel } }: Context,
): Feed<PointsEvent> {
  return {
    topics: [runMetrics],
    shortLived: [runMetrics],
    concerns: ({ subjects }) => runIds.some((id) => subjects.has(id)),
    read: async (ranges) =>
      (await readModel.queries.pointsOf(runIds, metrics, ranges)).map((row) => {
        const { run_id: runId, metric, variant, split, class: ofClass, group, series_id, part, off } = row;
        const event = { runId, metric, variant, split, class: ofClass, group, ...shown(row.curve) };
        return { topic: runMetrics, part, off: Number(off), key: series_id, event };
      }),
  };
}

export interface LinesEvent {
  readonly lines: { readonly at: string; readonly level: string; readonly text: string }[];
}

/** Lines of a run's log as batches brought them. */
export function logFeed(runId: string, { options: { readModel } }: Context): Feed<LinesEvent> {
  return {
    topics: [runLogs],
    shortLived: [runLogs],
    concerns: ({ subjects }) => subjects.has(runId),
    read: async (ranges) => {
      const batches = new Map<string, Item<LinesEvent>>();
      for (const { at, level, text, part, off } of await readModel.queries.logLinesOf(runId, ranges)) {
        const key = `${part} ${off}`;
        const batch = batches.get(key) ?? { topic: runLogs, part, off: Number(off), key: '', event: { lines: [] } };
        batch.event.lines.push({ at, level, text });
        batches.set(key, batch);
      }
      return [...batches.values()];
    },
  };
}

export interface IngestEvent {
  readonly ingestId: string;
  readonly name: string;
  readonly phase: string;
  readonly doneBytes: number;
  readonly totalBytes: number | null;
  readonly error: string | null;
  readonly versionId: string | null;
}

/** How the ingests of a dataset go. */
export function datasetFeed(name: string, { options: { readModel } }: Context): Feed<IngestEvent> {
  return {
    topics: [datasetEvents],
    shortLived: [],
    concerns: ({ subjects }) => subjects.has(name),
    read: async (ranges) =>
      (await readModel.queries.changesNamed(name, ranges))
        .filter((c) => c.type !== 'dataset.versionDeleted')
        .map((c) => {
          const p = c.patch as Pick<Row<'ingests'>, 'phase' | 'done_bytes' | 'total_bytes' | 'version_id' | 'error'>;
          const event = {
            ingestId: c.subject,
            name,
            phase: p.phase,
            doneBytes: Math.round(p.done_bytes),
            totalBytes: p.total_bytes === null ? null : Math.round(p.total_bytes),
            error: p.error,
            versionId: p.version_id,
          };
          return { ...position(c), key: '', event };
        }),
  };
}

/** Tells when something about an experiment may have changed: its requests, judgements and runs. One message for all of a look. */
export function experimentFeed(
  experiment: { id: string; name: string },
  { options: { readModel } }: Context,
): Feed<object> {
  const { queries } = readModel;
  return {
    topics: [experimentCommands, experimentEvents, analysisEvents, runCommands, runEvents, runMetrics],
    shortLived: [],
    concerns: () => true,
    read: async (ranges) => {
      const subjects = [experiment.id, ...(await queries.experimentRunIds(experiment.name, null))];
      const changes = await queries.changesOf(
        subjects,
        ofTopic(ranges, experimentCommands, experimentEvents, analysisEvents, runCommands, runEvents),
      );
      const progress = await queries.progressOf(subjects, ofTopic(ranges, runMetrics));
      const last = [
        ...changes.map(position),
        ...progress.map((p) => ({ topic: runMetrics, part: p.part, off: Number(p.off) })),
      ].at(-1);
      return last ? [{ ...last, key: '', event: {} }] : [];
    },
  };
}
