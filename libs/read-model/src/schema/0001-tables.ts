/** Ordered by code point, whatever the database's locale: every database gives lists in one order, and indexes serve it. */
const text = 'text collate "C"';

/**
 * A generation's tables: PostgreSQL, in the part that PGlite shares. No serials, no arrival times: every row follows from the
 * events alone, so that two folds of one log are equal byte for byte. Times are ISO 8601 text as events carry them.
 */
export const tables = `
-- where the fold stands, moved in the transaction that writes the rows
create table offsets (
  generation ${text} not null, topic ${text} not null, part integer not null, next bigint not null,
  primary key (generation, topic, part)
);
-- ids of applied events on topics that are kept for ever, to recognise repeats
create table seen_events (id ${text} primary key, entity ${text} not null);
create index seen_events_entity on seen_events (entity);
-- deleted runs and experiments - facts up to that moment no longer count, whenever they arrive
create table tombstones (id ${text} primary key, deleted_at ${text} not null);
-- what subscriptions read by position
create table changes (
  topic ${text} not null, part integer not null, off bigint not null,
  type ${text} not null, subject ${text} not null, name ${text}, patch jsonb not null,
  primary key (topic, part, off)
);
create index changes_subject on changes (subject, topic, part, off);

create table ingests (
  id ${text} primary key, project_id ${text} not null, name ${text} not null, parameters jsonb not null, source ${text},
  asked_at ${text}, phase ${text} not null, done_bytes double precision not null, total_bytes double precision,
  version_id ${text}, error ${text}
);
create index ingests_version on ingests (version_id);
create table dataset_versions (
  id ${text} primary key, project_id ${text} not null, dataset_id ${text} not null, name ${text} not null, version ${text} not null,
  prefix ${text} not null, created_at ${text} not null, manifest jsonb not null,
  -- the row stays: runs on the version still say what they ran on
  deleted boolean not null
);
create index dataset_versions_name on dataset_versions (name, created_at, id);
create index dataset_versions_created on dataset_versions (created_at, id);

create table experiment_requests (
  id ${text} primary key, project_id ${text} not null, experiment_id ${text} not null, name ${text} not null, preset ${text} not null,
  base_preset ${text} not null, seeds integer, set jsonb not null, fresh_nonce ${text}, priority integer not null,
  asked_at ${text}, accepted_at ${text}, waiting_for jsonb, expanded boolean not null, error ${text},
  sort_key ${text} not null, runs_signature ${text}
);
create index experiment_requests_preset on experiment_requests (experiment_id, preset, sort_key);
create index experiment_requests_name on experiment_requests (name, preset, sort_key, id);
create table memberships (
  request_id ${text} not null, run_id ${text} not null, position integer not null, cell ${text} not null, method ${text} not null, seed integer not null,
  primary key (request_id, run_id)
);
create index memberships_run on memberships (run_id);
create table judgements (
  request_id ${text} primary key, experiment_id ${text} not null, name ${text} not null, preset ${text} not null,
  judged_at ${text} not null, comparisons jsonb not null, verdicts jsonb not null, artifacts jsonb not null
);

create table runs (
  id ${text} primary key, project_id ${text} not null,
  visible boolean not null, state ${text}, attempt integer, term integer, cancel_requested boolean not null,
  priority integer, owner ${text}, spec jsonb, spec_hash ${text}, dataset_version_id ${text}, dataset ${text}, model ${text}, method ${text}, seed integer,
  created_at ${text}, started_at ${text}, finished_at ${text}, seconds double precision, failure jsonb,
  fingerprints jsonb not null, numerics_changed boolean not null, result_key ${text}, checkpoint jsonb, total_steps integer,
  facts jsonb, asks jsonb not null, rejections jsonb not null, deleted_at ${text}
);
-- one for every order that lists offer
create index runs_created on runs (created_at, id) where visible;
create index runs_started on runs ((coalesce(started_at, '')), id) where visible;
create index runs_finished on runs ((coalesce(finished_at, '')), id) where visible;
create index runs_state on runs (state, created_at, id) where visible;
create index runs_method on runs (method, created_at, id) where visible;
create index runs_dataset on runs (dataset, created_at, id) where visible;
create index runs_model on runs (model, created_at, id) where visible;
create index runs_seed on runs (seed, created_at, id) where visible;
create index runs_dataset_version on runs (dataset_version_id);
create table run_progress (
  run_id ${text} primary key, term integer not null, at ${text} not null, step integer not null, total_steps integer not null,
  epoch double precision not null, examples_per_second double precision not null, eta_seconds double precision,
  part integer not null, off bigint not null
);
create index run_progress_position on run_progress (part, off);

create table analyses (
  run_id ${text} primary key, analysis_id ${text} not null, attempt integer not null, at ${text} not null,
  error ${text}, signs jsonb not null, artifacts jsonb not null
);
create table metric_values (
  run_id ${text} not null, name ${text} not null, variant ${text} not null, split ${text} not null, epoch double precision not null, selection ${text} not null,
  position integer not null, value double precision, non_finite ${text}, per_class jsonb, per_group jsonb,
  primary key (run_id, name, variant, split, epoch, selection)
);

-- live curves, x is the epoch. The id names run, metric, variant, split, class and group together
create table metric_series (
  id ${text} primary key, run_id ${text} not null, metric ${text} not null, variant ${text}, split ${text} not null, class ${text}, "group" ${text}
);
create index metric_series_run on metric_series (run_id, metric);
-- the points of one curve that one record brought, or those of one term from the store. Values that are not finite are what they are
create table metric_chunks (
  series_id ${text} not null, part integer not null, off bigint not null, term integer not null, at ${text} not null,
  first_step double precision not null, steps double precision[] not null, vals double precision[] not null,
  -- a later term says a step again, what an earlier one said stays until the run is deleted. A repeated record has all this in common
  primary key (series_id, term, at, first_step)
);
create index metric_chunks_position on metric_chunks (part, off);

create table log_lines (
  run_id ${text} not null, event_id ${text} not null, line integer not null, at ${text} not null, level ${text} not null, text ${text} not null,
  event_at ${text} not null, part integer not null, off bigint not null,
  primary key (run_id, event_id, line)
);
create index log_lines_position on log_lines (run_id, part, off, line);

create table idempotency_keys (
  key ${text} primary key, mutation ${text} not null, arguments_hash ${text} not null, entity_id ${text} not null
);
`;
