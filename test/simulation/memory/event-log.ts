import type {
  ConsumerBackend,
  EventLog,
  LogRecord,
  Membership,
  NewRecord,
  Position,
  TopicPartition,
} from '@minvar/service-kit';
import { checkSizes, createConsumer, RetentionError } from '@minvar/service-kit';
import type { Call } from './call';

interface Partition {
  first: number;
  readonly records: LogRecord[];
}
interface Member {
  readonly topics: readonly string[];
  lastSeenMs: number;
}
interface Group {
  readonly offsets: Map<string, number>;
  readonly members: Map<string, Member>;
  /** partition → member that reads it */
  readonly claims: Map<string, string>;
}

/** What one log holds; every client of it works on the same value. */
export interface Records {
  readonly topics: Map<string, Partition[]>;
  readonly groups: Map<string, Group>;
  readonly options: {
    readonly partitionsOf: (topic: string) => number;
    /** milliseconds since 1970 */
    readonly now: () => number;
    /** a member that has not asked for so long is taken for dead, and what it still says is refused */
    readonly sessionMs: number;
    readonly waitMs: number;
  };
  /** told of every append once it took place */
  readonly onAppend: Set<(records: readonly LogRecord[]) => void>;
  members: number;
}

export const createRecords = (options: Records['options']): Records => ({
  topics: new Map(),
  groups: new Map(),
  options,
  onAppend: new Set(),
  members: 0,
});

const keyOf = (at: TopicPartition): string => `${at.topic}/${at.partition}`;

export function partitionsOf(log: Records, topic: string): Partition[] {
  let found = log.topics.get(topic);
  if (!found) {
    found = Array.from({ length: log.options.partitionsOf(topic) }, () => ({ first: 0, records: [] }));
    log.topics.set(topic, found);
  }
  return found;
}

/** FNV-1a: a key stays in its partition. */
function partitionFor(key: string, count: number): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193) >>> 0;
  return h % count;
}

export function append(log: Records, records: readonly NewRecord[]): Position[] {
  const appended = records.map((r): LogRecord => {
    const partitions = partitionsOf(log, r.topic);
    const partition = partitionFor(r.key, partitions.length);
    const { first, records: row } = partitions[partition]!;
    const value = Uint8Array.from(r.value);
    const record = { ...r, value, partition, offset: first + row.length, timestamp: log.options.now() };
    row.push(record);
    return record;
  });
  for (const tell of [...log.onAppend]) tell(appended);
  return appended.map(({ topic, partition, offset }) => ({ topic, partition, offset }));
}

/** Forgets everything in a topic so far, as retention does. */
export function expire(log: Records, topic: string): void {
  for (const p of partitionsOf(log, topic)) p.first += p.records.splice(0).length;
}

function groupOf(log: Records, name: string): Group {
  let found = log.groups.get(name);
  if (!found) log.groups.set(name, (found = { offsets: new Map(), members: new Map(), claims: new Map() }));
  return found;
}

/** An event log in memory, for the simulation only. Its consumers are the production ones of one machine. */
export function createMemoryLog(log: Records, call: Call, look: () => void = () => {}): EventLog {
  const consumers = new Set<{ stop(): Promise<void> }>();
  const options = log.options;

  // A member's row and claims are the log's own business on one machine: they change or they do not, and no answer is lost.
  const coordinator: Call = async (_what, work) => {
    look();
    return work();
  };

  function read(at: TopicPartition & { from: number; limit: number }): { records: LogRecord[]; next: number } {
    look();
    const { first, records } = partitionsOf(log, at.topic)[at.partition]!;
    if (at.from < first) throw new RetentionError({ topic: at.topic, partition: at.partition, offset: at.from }, first);
    const found = records.slice(at.from - first, at.from - first + at.limit);
    return { records: found, next: at.from + found.length };
  }
  const bounds = ({ topic, partition }: TopicPartition): { first: number; end: number } => {
    const { first, records } = partitionsOf(log, topic)[partition]!;
    return { first, end: first + records.length };
  };
  const edge = (topics: readonly string[], of: 'first' | 'end'): Position[] =>
    topics.flatMap((topic) =>
      partitionsOf(log, topic).map((_, partition) => ({ topic, partition, offset: bounds({ topic, partition })[of] })),
    );

  function backend(topics: readonly string[]): ConsumerBackend {
    let me = '';
    const nameOf = (): string => `member-${String(++log.members).padStart(6, '0')}`;
    const isMember = (group: Group, id: string): boolean => {
      const member = group.members.get(id);
      return member !== undefined && options.now() - member.lastSeenMs <= options.sessionMs;
    };
    return {
      membership: (name): Membership => {
        const group = groupOf(log, name);
        me = nameOf();
        const join = (): void => void group.members.set(me, { topics, lastSeenMs: options.now() });
        /** False when this member was taken for dead: it comes back as a new one, and gives up what it had first. */
        const seen = (): boolean => {
          for (const id of [...group.members.keys()]) if (!isMember(group, id)) group.members.delete(id);
          const known = group.members.has(me);
          if (!known) me = nameOf();
          join();
          return known;
        };
        return {
          join: () => coordinator(`join ${name}`, join),
          leave: () =>
            coordinator(`leave ${name}`, () => {
              group.members.delete(me);
              for (const [key, holder] of group.claims) if (holder === me) group.claims.delete(key);
            }),
          assigned: () => {
            look();
            if (!seen()) return [];
            const all = [...group.members].sort(([a], [b]) => (a < b ? -1 : 1));
            const mine: TopicPartition[] = [];
            let turn = 0;
            for (const topic of [...topics].sort()) {
              const readers = all.filter(([, m]) => m.topics.includes(topic));
              for (const partition of partitionsOf(log, topic).keys())
                if (readers[turn++ % readers.length]?.[0] === me) mine.push({ topic, partition });
            }
            return mine;
          },
          claim: (partitions) =>
            coordinator(`claim ${name}`, () => {
              const got = partitions.filter((at) => {
                const holder = group.claims.get(keyOf(at));
                return holder === undefined || holder === me || !isMember(group, holder);
              });
              for (const at of got) group.claims.set(keyOf(at), me);
              return got;
            }),
          release: (at) =>
            coordinator(`release ${name}`, () => {
              if (group.claims.get(keyOf(at)) === me) group.claims.delete(keyOf(at));
            }),
        };
      },
      read,
      bounds,
      offsetOf: (group, at) => groupOf(log, group).offsets.get(keyOf(at)) ?? null,
      commit: (name, at, next) =>
        call(`commit ${name}`, () => {
          const group = groupOf(log, name);
          if (group.claims.get(keyOf(at)) !== me)
            throw new Error(`${me} does not read ${keyOf(at)} for ${name} any more: the group was rebalanced`);
          group.offsets.set(keyOf(at), next);
        }),
      bury: (record) => call(`append ${record.topic}`, () => void append(log, [record])),
      news: (signal) =>
        new Promise((resolve) => {
          const done = (): void => {
            clearTimeout(timer);
            log.onAppend.delete(heard);
            signal.removeEventListener('abort', done);
            resolve();
          };
          // Whoever appends is another process: its news comes by this one's own clock.
          const heard = (records: readonly LogRecord[]): void => {
            if (records.some((r) => topics.includes(r.topic))) void call('news', () => {}).then(done, done);
          };
          const timer = setTimeout(done, options.waitMs);
          signal.addEventListener('abort', done);
          log.onAppend.add(heard);
        }),
    };
  }

  return {
    append: async (records) => {
      checkSizes(records);
      if (records.length === 0) return [];
      return call(`append ${records.map((r) => r.headers['ce_id'] ?? r.topic).join(' ')}`, () => append(log, records));
    },
    consumer: (settings) => {
      const consumer = createConsumer(settings, backend(settings.topics));
      consumers.add(consumer);
      return consumer;
    },
    read: (at) => call(`read ${keyOf(at)}`, () => read(at)),
    begin: (topics) => call('begin', () => edge(topics, 'first')),
    end: (topics) => call('end', () => edge(topics, 'end')),
    committed: (group, topics) =>
      call(`committed ${group}`, () =>
        edge(topics, 'end').flatMap((at) => {
          const offset = groupOf(log, group).offsets.get(keyOf(at));
          return offset === undefined ? [] : [{ ...at, offset }];
        }),
      ),
    healthy: async () => null,
    close: async () => {
      await Promise.all([...consumers].map((c) => c.stop()));
    },
  };
}
