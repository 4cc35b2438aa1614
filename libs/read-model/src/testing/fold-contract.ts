import type { WholeEnvelope } from '@minvar/contracts';
import fc from 'fast-check';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Tables } from '../schema/tables';
import { rowsHash } from '../rows-hash';
import { applyEvents } from '../fold/apply-events';
import type { LogRecord } from '../fold/record';
import { histories, topicOfMessage } from './histories';

/** Opens an empty database with one generation, `test`. */
export type OpenTables = () => Promise<{ readonly db: Kysely<Tables>; close(): Promise<void> }>;

const tables = [
  'offsets',
  'seen_events',
  'tombstones',
  'changes',
  'ingests',
  'dataset_versions',
  'experiment_requests',
  'memberships',
  'judgements',
  'runs',
  'run_progress',
  'analyses',
  'metric_values',
  'metric_series',
  'metric_chunks',
  'log_lines',
  'idempotency_keys',
  'reservations',
] as const;

/** Positions as a log with three partitions a topic would give them. */
export function stored(history: readonly WholeEnvelope[]): LogRecord[] {
  const ends = new Map<string, number>();
  return history.map((envelope) => {
    const topic = topicOfMessage(envelope);
    const partition = [...envelope.subject].reduce((h, c) => (h * 31 + c.charCodeAt(0)) % 3, 0);
    const offset = ends.get(`${topic}/${partition}`) ?? 0;
    ends.set(`${topic}/${partition}`, offset + 1);
    return { topic, partition, offset, envelope };
  });
}

async function foldOf(db: Kysely<Tables>, records: readonly LogRecord[], sizes: readonly number[]): Promise<string> {
  for (const t of tables) await db.deleteFrom(t).execute();
  for (let i = 0, k = 0; i < records.length; k++) {
    const size = sizes[k % sizes.length]!;
    await applyEvents(db, 'test', records.slice(i, i + size));
    i += size;
  }
  return rowsHash(db);
}

/** Another order of the same records in which every partition keeps its own: turn by turn, or partition by partition after a part. */
function reordered(records: readonly LogRecord[], random: readonly number[]): LogRecord[] {
  const cut = random[0]! % 2 === 0 ? 0 : random[1]! % records.length;
  const queues = new Map<string, LogRecord[]>();
  for (const r of records.slice(cut)) {
    const key = `${r.topic}/${r.partition}`;
    queues.set(key, [...(queues.get(key) ?? []), r]);
  }
  const rest = [...queues.values()];
  const out = records.slice(0, cut);
  for (let k = 0; rest.length > 0; k++) {
    const i = (random[k % random.length]! + k) % rest.length;
    const whole = random[2]! % 3 === 0;
    out.push(...rest[i]!.splice(0, whole ? Infinity : 1));
    if (rest[i]!.length === 0) rest.splice(i, 1);
  }
  return out;
}

/** What a fold gives, on every database. */
export const foldContract = (open: OpenTables): void => {
  let opened: Awaited<ReturnType<OpenTables>>;
  let db: Kysely<Tables>;
  beforeAll(async () => {
    opened = await open();
    db = opened.db;
  }, 60_000);
  afterAll(() => opened.close());

  it('gives the same rows whatever the order of topics, the batches and the redeliveries', async () => {
    await fc.assert(
      fc.asyncProperty(
        histories,
        fc.array(fc.nat(1000), { minLength: 3, maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 4 }),
        async (history, random, sizes) => {
          const records = stored(history);
          const once = await foldOf(db, records, [1000]);
          expect(await foldOf(db, reordered(records, random), sizes)).toBe(once);
          await applyEvents(
            db,
            'test',
            records.filter((_, i) => i % 3 === 0),
          );
          expect(await rowsHash(db)).toBe(once);
        },
      ),
      { numRuns: 20 },
    );
  }, 120_000);

  it('notices one changed number', async () => {
    const [history] = fc.sample(histories, { numRuns: 1, seed: 7 });
    const before = await foldOf(db, stored(history!), [1000]);
    await db
      .updateTable('metric_chunks')
      .set({ vals: [0.123456789] })
      .execute();
    expect(await rowsHash(db)).not.toBe(before);
  });
};
