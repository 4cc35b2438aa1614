import { sql } from 'kysely';
import type { Row } from '../schema/tables';
import type { Db, Page, PageKey } from './connection';
import { allOf, page } from './connection';

export type DatasetVersionView = Row<'dataset_versions'>;

interface KnownVersionRow {
  readonly ingestId: string | null;
  readonly versionId: string;
  readonly name: string;
  readonly version: string;
  readonly trainExamples: number | null;
}

const matching = (names: readonly string[] | null) => [
  sql`not v.deleted`,
  ...(names ? [sql`v.name = any(${[...names]})`] : []),
];

export const datasetQueries = (db: () => Db) => ({
  datasetVersions: (q: {
    names: readonly string[] | null;
    after: PageKey | null;
    first: number;
  }): Promise<Page<DatasetVersionView>> =>
    page<DatasetVersionView>(db(), {
      select: sql`v.*`,
      from: sql`dataset_versions v`,
      where: matching(q.names),
      order: [sql`v.created_at`],
      id: sql`v.id`,
      descending: true,
      after: q.after,
      first: q.first,
    }),

  async countDatasetVersions(names: readonly string[] | null): Promise<number> {
    const { rows } = await sql<{
      n: number;
    }>`select count(*)::int as n from dataset_versions v where ${allOf(matching(names))}`.execute(db());
    return rows[0]!.n;
  },

  /** Also deleted ones: runs say what they ran on. */
  async datasetVersionsByIds(ids: readonly string[]): Promise<DatasetVersionView[]> {
    const { rows } = await sql<DatasetVersionView>`select * from dataset_versions where id = any(${[...ids]})`.execute(
      db(),
    );
    return rows;
  },

  /** A version by its own name, or the newest. */
  async datasetVersion(name: string, version: string | null): Promise<DatasetVersionView | null> {
    const { rows } = await sql<DatasetVersionView>`
      select * from dataset_versions where not deleted and name = ${name} ${version === null ? sql`` : sql`and version = ${version}`}
      order by created_at desc, id desc limit 1`.execute(db());
    return rows[0] ?? null;
  },

  async ingests(ids: readonly string[]): Promise<Row<'ingests'>[]> {
    const { rows } = await sql<Row<'ingests'>>`select * from ingests where id = any(${[...ids]})`.execute(db());
    return rows;
  },

  /** Versions as the expansion of an experiment looks them up: by the ingest that made them, and by name. */
  async knownVersions(): Promise<KnownVersionRow[]> {
    const { rows } = await sql<KnownVersionRow>`
      select i.id as "ingestId", v.id as "versionId", v.name, v.version,
        (select (s ->> 'examples')::int from jsonb_array_elements(v.manifest -> 'splits') s where s ->> 'name' = 'train') as "trainExamples"
      from dataset_versions v left join ingests i on i.version_id = v.id where not v.deleted order by v.created_at, v.id`.execute(
      db(),
    );
    return rows;
  },

  /** Runs that use a version. */
  async runsOnVersion(versionId: string): Promise<{ id: string; state: string }[]> {
    const { rows } = await sql<{
      id: string;
      state: string;
    }>`select id, state from runs where visible and dataset_version_id = ${versionId}`.execute(db());
    return rows;
  },
});
