import type { RunState } from '@minvar/contracts';
import { sql } from 'kysely';
import type { ChunkText, Curve } from '../curve';
import { chunkText, curveOf } from '../curve';
import type { Row } from '../schema/tables';
import type { Condition, Db, Page, PageKey } from './connection';
import { allOf, page } from './connection';

/** A run with what other topics say of it. */
export type RunView = Omit<Row<'runs'>, 'facts' | 'asks' | 'rejections' | 'visible' | 'deleted_at'> & {
  progress_step: number | null;
  progress_total: number | null;
  eta_seconds: number | null;
  /** attempt whose measurements are recorded; null when none is */
  analysed_attempt: number | null;
};

/** What a run is for: the cell of a preset, and the request that the preset's label stands for. */
export interface MembershipView {
  readonly run_id: string;
  readonly experiment: string;
  readonly preset: string;
  readonly cell: string;
  readonly base_preset: string;
  readonly seeds: number | null;
  readonly set: readonly string[];
}

export interface RunFilter {
  readonly experiment?: string | null;
  readonly preset?: string | null;
  readonly state?: readonly RunState[] | null;
  readonly method?: readonly string[] | null;
  readonly dataset?: readonly string[] | null;
  readonly model?: readonly string[] | null;
  readonly seed?: readonly number[] | null;
}

/** Which of a run's numbers; what is left out or null is not asked about. */
export interface MetricFilter {
  readonly names?: readonly string[] | null;
  readonly split?: string | null;
  readonly selection?: string | null;
}

/** Orders that an index serves; runs that are equal in a name are ordered by when they were made. */
export const runOrders = {
  createdAt: [sql`r.created_at`],
  startedAt: [sql`coalesce(r.started_at, '')`],
  finishedAt: [sql`coalesce(r.finished_at, '')`],
  state: [sql`r.state`, sql`r.created_at`],
  method: [sql`r.method`, sql`r.created_at`],
  dataset: [sql`r.dataset`, sql`r.created_at`],
  model: [sql`r.model`, sql`r.created_at`],
  seed: [sql`r.seed`, sql`r.created_at`],
} as const;
export type RunOrderField = keyof typeof runOrders;

const columns = sql`r.id, r.project_id, r.state, r.attempt, r.term, r.cancel_requested, r.priority, r.owner, r.spec, r.spec_hash, r.dataset_version_id,
  r.dataset, r.model, r.method, r.seed, r.created_at, r.started_at, r.finished_at, r.seconds, r.failure, r.fingerprints, r.numerics_changed, r.result_key,
  r.checkpoint, r.total_steps, p.step as progress_step, p.total_steps as progress_total, p.eta_seconds,
  case when a.error is null then a.attempt end as analysed_attempt`;
const from = sql`runs r left join run_progress p on p.run_id = r.id left join analyses a on a.run_id = r.id`;

/** Requests whose runs stand for a preset: the newest that has been expanded. */
export const currentRequests = (experiment: string, preset: string | null): Condition => sql`
  select distinct on (preset) id from experiment_requests
  where name = ${experiment} and expanded ${preset === null ? sql`` : sql`and preset = ${preset}`} order by preset, sort_key desc, id desc`;

function conditions(f: RunFilter): Condition[] {
  const anyOf = (column: string, values: readonly (string | number)[] | null | undefined): Condition[] =>
    !values
      ? []
      : values.length === 1
        ? [sql`${sql.ref(column)} = ${values[0]}`] // so that the index of that column gives the order too
        : [sql`${sql.ref(column)} = any(${[...values]})`];
  return [
    sql`r.visible`,
    ...(f.experiment
      ? [
          sql`r.id in (select m.run_id from memberships m where m.request_id in (${currentRequests(f.experiment, f.preset ?? null)}))`,
        ]
      : f.preset
        ? [
            sql`r.id in (select m.run_id from memberships m join experiment_requests q on q.id = m.request_id where q.preset = ${f.preset})`,
          ]
        : []),
    ...anyOf('r.state', f.state),
    ...anyOf('r.method', f.method),
    ...anyOf('r.dataset', f.dataset),
    ...anyOf('r.model', f.model),
    ...anyOf('r.seed', f.seed),
  ];
}

export const runQueries = (db: () => Db) => ({
  runs: (q: {
    filter: RunFilter;
    order: RunOrderField;
    descending: boolean;
    after: PageKey | null;
    first: number;
  }): Promise<Page<RunView>> =>
    page<RunView>(db(), {
      select: columns,
      from,
      where: conditions(q.filter),
      order: runOrders[q.order],
      id: sql`r.id`,
      descending: q.descending,
      after: q.after,
      first: q.first,
    }),

  async countRuns(filter: RunFilter): Promise<number> {
    const { rows } = await sql<{
      n: number;
    }>`select count(*)::int as n from runs r where ${allOf(conditions(filter))}`.execute(db());
    return rows[0]!.n;
  },

  async runsByIds(ids: readonly string[]): Promise<RunView[]> {
    const { rows } =
      await sql<RunView>`select ${columns} from ${from} where r.visible and r.id = any(${[...ids]})`.execute(db());
    return rows;
  },

  /** Memberships in the newest expansion of each preset. */
  async membershipsByRuns(ids: readonly string[]): Promise<MembershipView[]> {
    const { rows } = await sql<MembershipView>`
      select m.run_id, q.name as experiment, q.preset, m.cell, q.base_preset, q.seeds, q.set
      from memberships m join experiment_requests q on q.id = m.request_id
      where m.run_id = any(${[...ids]}) and not exists (
        select 1 from experiment_requests n where n.experiment_id = q.experiment_id and n.preset = q.preset and n.expanded and (n.sort_key, n.id) > (q.sort_key, q.id))
      order by m.run_id, q.name, q.preset, m.cell`.execute(db());
    return rows;
  },

  /** Numbers of runs, in the order in which each run's analysis gives them: a run may have a thousand, so those that nobody asked for stay where they are. */
  async metricsByRuns(ids: readonly string[], filter: MetricFilter = {}): Promise<Row<'metric_values'>[]> {
    const where = [
      sql`run_id = any(${[...ids]})`,
      ...(filter.names ? [sql`name = any(${[...filter.names]})`] : []),
      ...(filter.split ? [sql`split = ${filter.split}`] : []),
      ...(filter.selection ? [sql`selection = ${filter.selection}`] : []),
    ];
    const { rows } = await sql<
      Row<'metric_values'>
    >`select * from metric_values where ${allOf(where)} order by run_id, position`.execute(db());
    return rows;
  },

  async analysesByRuns(ids: readonly string[]): Promise<Row<'analyses'>[]> {
    const { rows } = await sql<Row<'analyses'>>`select * from analyses where run_id = any(${[...ids]})`.execute(db());
    return rows;
  },

  /** The last `tail` lines of each run's log, oldest first. */
  async logTails(
    ids: readonly string[],
    tail: number,
  ): Promise<{ run_id: string; at: string; level: string; text: string }[]> {
    const { rows } = await sql<{ run_id: string; at: string; level: string; text: string }>`
      select l.* from unnest(${[...ids]}::text[]) as wanted(id) cross join lateral (
        select run_id, at, level, text, part, off, line from log_lines where run_id = wanted.id order by part desc, off desc, line desc limit ${tail}
      ) l order by l.run_id, l.part, l.off, l.line`.execute(db());
    return rows;
  },

  /** The names of the curves that runs have. */
  async curvesByRuns(ids: readonly string[]): Promise<Row<'metric_series'>[]> {
    const { rows } = await sql<Row<'metric_series'>>`
      select * from metric_series where run_id = any(${[...ids]})
      order by run_id, metric, variant nulls first, split, class nulls first, "group" nulls first`.execute(db());
    return rows;
  },

  /** The curve that fits: omitted parts prefer the whole (no class, no group, no variant), then the first by name. */
  async series(q: {
    runId: string;
    metric: string;
    split: string | null;
    variant: string | null;
    class: string | null;
    group: string | null;
  }): Promise<Row<'metric_series'> | null> {
    const fits = (column: string, value: string | null) => (value === null ? [] : [sql`${sql.ref(column)} = ${value}`]);
    const where = [
      ...fits('split', q.split),
      ...fits('variant', q.variant),
      ...fits('class', q.class),
      ...fits('group', q.group),
    ];
    const { rows } = await sql<Row<'metric_series'>>`
      select * from metric_series where run_id = ${q.runId} and metric = ${q.metric} and ${allOf(where)}
      order by class nulls first, "group" nulls first, variant nulls first, split limit 1`.execute(db());
    return rows[0] ?? null;
  },

  /** Every point of a curve: of each step what the latest term said. */
  async points(seriesId: string): Promise<Curve> {
    const { rows } = await sql<ChunkText>`
      select ${chunkText} from metric_chunks p where p.series_id = ${seriesId} order by p.term desc, p.at desc, p.part, p.off`.execute(
      db(),
    );
    return curveOf(rows);
  },
});
