import type { ArtifactRef, ClaimVerdict, Comparison } from '@minvar/contracts';
import { sql } from 'kysely';
import type { Db } from './connection';
import { currentRequests } from './runs';

export type ExperimentState =
  'NOT_RUN' | 'WAITING_FOR_DATA' | 'RUNNING' | 'ANALYSING' | 'DONE' | 'FAILED' | 'CANCELLED';

/** How a preset stands: its newest request, that request's runs, and the judgement of the same runs. */
export interface PresetView {
  readonly name: string;
  readonly preset: string;
  /** orders the newest requests of presets by when they were made */
  readonly sortKey: string;
  readonly state: ExperimentState;
  /** in [0, 1] */
  readonly progress: number;
  readonly error: string | null;
  readonly comparisons: readonly Comparison[];
  readonly verdicts: readonly ClaimVerdict[];
  readonly artifacts: readonly ArtifactRef[];
}

interface Standing {
  name: string;
  preset: string;
  sort_key: string;
  accepted_at: string | null;
  waiting: boolean;
  expanded: boolean;
  error: string | null;
  total: number;
  active: number;
  cancelled: number;
  failed: number;
  done: number;
  judged: boolean;
  comparisons: Comparison[] | null;
  verdicts: ClaimVerdict[] | null;
  artifacts: ArtifactRef[] | null;
}

const terminal = sql`('SUCCEEDED', 'FAILED', 'CANCELLED')`;

function stateOf(s: Standing): ExperimentState {
  if (s.error !== null) return 'FAILED';
  if (!s.expanded) return s.waiting ? 'WAITING_FOR_DATA' : 'RUNNING';
  if (s.active > 0) return 'RUNNING';
  if (s.total > 0 && s.cancelled === s.total) return 'CANCELLED';
  if (!s.judged) return 'ANALYSING';
  return s.total > 0 && s.failed + s.cancelled === s.total ? 'FAILED' : 'DONE';
}

function progressOf(s: Standing): number {
  if (!s.expanded) return 0;
  return s.total === 0 ? (s.judged ? 1 : 0) : Math.min(1, s.done / s.total);
}

export const experimentQueries = (db: () => Db) => ({
  /** Every preset of these experiments that was ever asked for; one statement, whatever their number. */
  async presetViews(names: readonly string[]): Promise<PresetView[]> {
    const { rows } = await sql<Standing>`
      with latest as (
        select distinct on (name, preset) * from experiment_requests where name = any(${[...names]}) order by name, preset, sort_key desc, id desc
      ), counts as (
        select l.id,
          count(*) filter (where r.deleted_at is null or r.visible)::int as total,
          count(*) filter (where (r.visible and r.state not in ${terminal}) or (r.id is null) or (not r.visible and r.deleted_at is null))::int as active,
          count(*) filter (where r.visible and r.state = 'CANCELLED')::int as cancelled,
          count(*) filter (where r.visible and r.state = 'FAILED')::int as failed,
          coalesce(sum(case when not r.visible then 0 when r.state in ${terminal} then 1 when p.total_steps > 0 then p.step::float8 / p.total_steps else 0 end), 0)::float8 as done
        from latest l join memberships m on m.request_id = l.id left join runs r on r.id = m.run_id left join run_progress p on p.run_id = m.run_id
        group by l.id
      )
      select l.name, l.preset, l.sort_key, l.accepted_at, l.expanded, l.error, coalesce(jsonb_array_length(l.waiting_for), 0) > 0 as waiting,
        coalesce(c.total, 0) as total, coalesce(c.active, 0) as active, coalesce(c.cancelled, 0) as cancelled, coalesce(c.failed, 0) as failed,
        coalesce(c.done, 0) as done, j.request_id is not null as judged, j.comparisons, j.verdicts, j.artifacts
      from latest l left join counts c on c.id = l.id left join lateral (
        select j.* from judgements j join experiment_requests q on q.id = j.request_id
        where q.name = l.name and q.preset = l.preset and (q.id = l.id or q.runs_signature = l.runs_signature)
        order by q.id = l.id desc, q.sort_key desc, q.id desc limit 1
      ) j on true
      order by l.name, l.preset`.execute(db());
    return rows.map((s) => ({
      name: s.name,
      preset: s.preset,
      sortKey: s.sort_key,
      state: stateOf(s),
      progress: progressOf(s),
      error: s.error,
      comparisons: s.comparisons ?? [],
      verdicts: s.verdicts ?? [],
      artifacts: s.artifacts ?? [],
    }));
  },

  /** Runs of the newest expansion of every preset, in the order of the grid. */
  async experimentRunIds(name: string, preset: string | null): Promise<string[]> {
    const { rows } = await sql<{ run_id: string }>`
      select m.run_id from memberships m where m.request_id in (${currentRequests(name, preset)}) order by m.request_id, m.position`.execute(
      db(),
    );
    return rows.map((r) => r.run_id);
  },

  /** Every run that any request of an experiment stands for, and whether another experiment uses it too. */
  async ownedRuns(experimentId: string): Promise<{ run_id: string; shared: boolean; state: string | null }[]> {
    const { rows } = await sql<{ run_id: string; shared: boolean; state: string | null }>`
      select distinct m.run_id, r.state, exists (
        select 1 from memberships o join experiment_requests oq on oq.id = o.request_id where o.run_id = m.run_id and oq.experiment_id <> ${experimentId}) as shared
      from memberships m join experiment_requests q on q.id = m.request_id join runs r on r.id = m.run_id and r.visible
      where q.experiment_id = ${experimentId} order by m.run_id`.execute(db());
    return rows;
  },

  /** Figures and tables of an experiment's judgements. */
  async experimentArtifacts(experimentId: string): Promise<ArtifactRef[]> {
    const { rows } = await sql<{
      artifacts: ArtifactRef[];
    }>`select artifacts from judgements where experiment_id = ${experimentId}`.execute(db());
    return rows.flatMap((r) => r.artifacts);
  },
});
