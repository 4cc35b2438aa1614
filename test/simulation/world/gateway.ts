import type { EventLog } from '@minvar/service-kit';
import { decodeEvent } from '@minvar/service-kit';
import type { AnyEnvelope } from '@minvar/contracts';
import { topicOf } from '@minvar/contracts';
import type { RunMessage, RunRow } from '@minvar/read-model';
import { foldRun, unknownRun } from '@minvar/read-model';
import type { Consumer } from '@minvar/service-kit';
import { subscribeBatches } from '@minvar/service-kit';
import type { Call } from '../memory/call';
import type { Records } from '../memory/event-log';
import { partitionsOf } from '../memory/event-log';

/** The tables that the gateways share: rows, ids seen and offsets, changed in one transaction. */
export interface Tables {
  readonly rows: Map<string, RunRow>;
  readonly seen: Set<string>;
  readonly offsets: Map<string, number>;
}
export const emptyTables = (): Tables => ({ rows: new Map(), seen: new Set(), offsets: new Map() });

const topics = [topicOf('run', 'commands'), topicOf('run', 'events')];

function apply(tables: Tables, event: AnyEnvelope): void {
  const id = event.type.startsWith('run.') ? `${event.type} ${event.id}` : event.id;
  if (tables.seen.has(id)) return;
  tables.seen.add(id);
  const message = event as RunMessage;
  const { runId } = message.data;
  tables.rows.set(runId, foldRun(tables.rows.get(runId) ?? unknownRun(runId, event.projectId), message));
}

/** One of several gateways: a member of the group that folds events into the tables. */
export function createProjection(log: EventLog, tables: Tables, sql: Call): Consumer {
  return subscribeBatches(log, {
    group: 'gateway',
    consumer: 'gateway',
    topics,
    maxBatch: 50,
    storedOffsets: (partitions) =>
      sql('offsets', () =>
        partitions.flatMap((p) => {
          const offset = tables.offsets.get(`${p.topic}/${p.partition}`);
          return offset === undefined ? [] : [{ ...p, offset }];
        }),
      ),
    onEvents: (events) =>
      sql('fold', () => {
        for (const { event, record } of events) {
          const at = `${record.topic}/${record.partition}`;
          if (record.offset < (tables.offsets.get(at) ?? 0)) continue;
          apply(tables, event);
          tables.offsets.set(at, record.offset + 1);
        }
      }),
  });
}

/** All events of a log, each partition in order. */
export function everything(log: Records): AnyEnvelope[] {
  return topics.flatMap((topic) => partitionsOf(log, topic).flatMap((p) => p.records.map((r) => decodeEvent(r))));
}

/** The fold of a log from its first record on. */
export function foldOf(log: Records): Tables {
  const tables = emptyTables();
  for (const event of everything(log)) apply(tables, event);
  return tables;
}
