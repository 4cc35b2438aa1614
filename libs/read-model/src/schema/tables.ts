import type {
  ArtifactRef,
  ClaimVerdict,
  Comparison,
  DatasetManifest,
  FailureSign,
  Fingerprint,
  RunFailure,
  RunSpec,
  RunState,
} from '@minvar/contracts';
import type { AskedCommand, Rejection, RunFacts } from '../fold/run-row';

export interface OffsetsTable {
  generation: string;
  topic: string;
  part: number;
  next: number;
}
export interface SeenEventsTable {
  id: string;
  entity: string;
}
export interface TombstonesTable {
  id: string;
  deleted_at: string;
}
export interface ChangesTable {
  topic: string;
  part: number;
  off: number;
  type: string;
  subject: string;
  name: string | null;
  patch: Record<string, unknown>;
}

export interface IngestsTable {
  id: string;
  project_id: string;
  name: string;
  parameters: Record<string, unknown>;
  source: string | null;
  asked_at: string | null;
  phase: string;
  done_bytes: number;
  total_bytes: number | null;
  version_id: string | null;
  error: string | null;
}
export interface DatasetVersionsTable {
  id: string;
  project_id: string;
  dataset_id: string;
  name: string;
  version: string;
  prefix: string;
  created_at: string;
  manifest: DatasetManifest;
  deleted: boolean;
}

export interface ExperimentRequestsTable {
  id: string;
  project_id: string;
  experiment_id: string;
  name: string;
  preset: string;
  base_preset: string;
  seeds: number | null;
  set: string[];
  fresh_nonce: string | null;
  priority: number;
  asked_at: string | null;
  accepted_at: string | null;
  waiting_for: { ingestId: string; name: string }[] | null;
  expanded: boolean;
  error: string | null;
  sort_key: string;
  runs_signature: string | null;
}
export interface MembershipsTable {
  request_id: string;
  run_id: string;
  position: number;
  cell: string;
  method: string;
  seed: number;
}
export interface JudgementsTable {
  request_id: string;
  experiment_id: string;
  name: string;
  preset: string;
  judged_at: string;
  comparisons: Comparison[];
  verdicts: ClaimVerdict[];
  artifacts: ArtifactRef[];
}

export interface RunsTable {
  id: string;
  project_id: string;
  visible: boolean;
  state: RunState | null;
  attempt: number | null;
  term: number | null;
  cancel_requested: boolean;
  priority: number | null;
  owner: string | null;
  spec: RunSpec | null;
  spec_hash: string | null;
  dataset_version_id: string | null;
  dataset: string | null;
  model: string | null;
  method: string | null;
  seed: number | null;
  created_at: string | null;
  started_at: string | null;
  finished_at: string | null;
  seconds: number | null;
  failure: RunFailure | null;
  fingerprints: Fingerprint[];
  numerics_changed: boolean;
  result_key: string | null;
  checkpoint: { step: number; epoch: number; prefix: string } | null;
  total_steps: number | null;
  facts: RunFacts | null;
  asks: AskedCommand[];
  rejections: Rejection[];
  deleted_at: string | null;
}
export interface RunProgressTable {
  run_id: string;
  term: number;
  at: string;
  step: number;
  total_steps: number;
  epoch: number;
  examples_per_second: number;
  eta_seconds: number | null;
  part: number;
  off: number;
}

export interface AnalysesTable {
  run_id: string;
  analysis_id: string;
  attempt: number;
  at: string;
  error: string | null;
  signs: FailureSign[];
  artifacts: ArtifactRef[];
}
export interface MetricValuesTable {
  run_id: string;
  name: string;
  variant: string;
  split: string;
  epoch: number;
  selection: string;
  position: number;
  value: number | null;
  non_finite: string | null;
  per_class: (number | null)[] | null;
  per_group: { group: string; count: number; value: number | null }[] | null;
}
export interface MetricSeriesTable {
  id: string;
  run_id: string;
  metric: string;
  variant: string | null;
  split: string;
  class: string | null;
  group: string | null;
}
export interface MetricChunksTable {
  series_id: string;
  part: number;
  off: number;
  term: number;
  at: string;
  first_step: number;
  steps: number[];
  /** null: not said; names of values that are no finite numbers, as PostgreSQL takes them in JSON */
  vals: (number | string | null)[];
}
export interface LogLinesTable {
  run_id: string;
  event_id: string;
  line: number;
  at: string;
  level: string;
  text: string;
  event_at: string;
  part: number;
  off: number;
}
export interface IdempotencyKeysTable {
  key: string;
  mutation: string;
  arguments_hash: string;
  entity_id: string;
}

export interface Tables {
  offsets: OffsetsTable;
  seen_events: SeenEventsTable;
  tombstones: TombstonesTable;
  changes: ChangesTable;
  ingests: IngestsTable;
  dataset_versions: DatasetVersionsTable;
  experiment_requests: ExperimentRequestsTable;
  memberships: MembershipsTable;
  judgements: JudgementsTable;
  runs: RunsTable;
  run_progress: RunProgressTable;
  analyses: AnalysesTable;
  metric_values: MetricValuesTable;
  metric_series: MetricSeriesTable;
  metric_chunks: MetricChunksTable;
  log_lines: LogLinesTable;
  idempotency_keys: IdempotencyKeysTable;
  /** not of a generation: keys under way outlive a rebuild */
  reservations: IdempotencyKeysTable;
}

/** Rows of jsonb columns arrive parsed; a row is written as JSON (`writeRows`). */
export type Row<T extends keyof Tables> = Tables[T];
