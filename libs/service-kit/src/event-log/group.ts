import { randomUUID } from 'node:crypto';
import { isProcessAlive, processIdentity } from '../processes';
import type { TopicPartition } from './port';
import type { Tables } from './tables';

/*
 * Groups share partitions without a coordinator: members are rows, every member works out the same assignment from them, and a partition is
 * read by the member that holds its claim. A member that should give a partition up finishes its batch, stores the offset and
 * removes the claim; the next one waits for that. Rows and claims of processes that are gone count as removed.
 */

export const partitionKey = (at: TopicPartition): string => `${at.topic}/${at.partition}`;

export interface Membership {
  join(): Promise<void>;
  /** Gives up all claims. */
  leave(): Promise<void>;
  /** The partitions this member should have, by the members there are now. */
  assigned(): TopicPartition[];
  /** Takes those of the partitions that nobody alive holds; answers the ones it has now. */
  claim(partitions: readonly TopicPartition[]): Promise<TopicPartition[]>;
  release(at: TopicPartition): Promise<void>;
}

export function createMembership(options: {
  tables: Tables;
  group: string;
  topics: readonly string[];
  partitionsOf: (topic: string) => number;
}): Membership {
  const { tables, group, topics, partitionsOf } = options;
  const me = randomUUID();
  const alive = createAliveCache();

  const members = (): { id: string; topics: readonly string[] }[] =>
    [...tables.members.getRange({ start: [group, ''], end: [group, '\uffff'] })]
      .filter(({ value }) => alive(value.process))
      .map(({ key, value }) => ({ id: key[1], topics: value.topics }));

  const isFree = ({ topic, partition }: TopicPartition): boolean => {
    const holder = tables.claims.get([group, topic, partition]);
    if (holder === undefined || holder === me) return true;
    const row = tables.members.get([group, holder]);
    return row === undefined || !alive(row.process);
  };

  return {
    join: () =>
      tables.change((write) => {
        for (const { key, value } of tables.members.getRange({ start: [group, ''], end: [group, '\uffff'] })) {
          if (!alive(value.process)) write.remove(tables.members, key);
        }
        write.put(tables.members, [group, me], { process: processIdentity(), topics });
      }),

    leave: () =>
      tables.change((write) => {
        for (const { key, value } of tables.claims.getRange({ start: [group, '', 0], end: [group, '\uffff', 0] })) {
          if (value === me) write.remove(tables.claims, key);
        }
        write.remove(tables.members, [group, me]);
      }),

    assigned() {
      tables.refresh();
      const all = members();
      const mine: TopicPartition[] = [];
      let turn = 0;
      for (const topic of [...topics].sort()) {
        const readers = all.filter((m) => m.topics.includes(topic));
        for (let partition = 0; partition < partitionsOf(topic); partition++) {
          if (readers.length > 0 && readers[turn++ % readers.length]!.id === me) mine.push({ topic, partition });
        }
      }
      return mine;
    },

    async claim(partitions) {
      tables.refresh();
      if (!partitions.some(isFree)) return [];
      return tables.change((write) => {
        const got = partitions.filter(isFree);
        for (const { topic, partition } of got) write.put(tables.claims, [group, topic, partition], me);
        return got;
      });
    },

    release: ({ topic, partition }) =>
      tables.change((write) => {
        if (tables.claims.get([group, topic, partition]) === me) write.remove(tables.claims, [group, topic, partition]);
      }),
  };
}

/** `isProcessAlive`, asked of the system once a second for each process; a death is for ever. */
function createAliveCache(): (identity: string) => boolean {
  const known = new Map<string, { alive: boolean; at: number }>();
  return (identity) => {
    const last = known.get(identity);
    const now = performance.now();
    if (last && (!last.alive || now - last.at < 1000)) return last.alive;
    const alive = isProcessAlive(identity);
    known.set(identity, { alive, at: now });
    return alive;
  };
}
