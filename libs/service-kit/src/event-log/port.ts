/**
 * The event log: topics of partitions of records, as Kafka has them. Two adapters: LMDB (one machine) and Kafka.
 * Everything here is bytes; `messages/` puts the typed messages of contracts on top.
 */

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Where a record lies. Offsets rise within a partition; they need not rise by one. */
export interface Position extends TopicPartition {
  readonly offset: number;
}

export interface NewRecord {
  readonly topic: string;
  /** id of the entity: records with one key keep their order, since they share a partition */
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Uint8Array;
}

export interface LogRecord extends NewRecord, Position {
  /** milliseconds since 1970 when it was appended */
  readonly timestamp: number;
}

/** Records of one partition in order; never empty. */
export interface Batch extends TopicPartition {
  readonly records: readonly LogRecord[];
  /** aborted when the consumer stops or loses the partition: long work should end early */
  readonly signal: AbortSignal;
}

export interface ConsumerOptions {
  /** members of one group share the partitions; each partition has one member at a time */
  readonly group: string;
  readonly topics: readonly string[];
  /** names the dead-letter topic `minvar.<consumer>.dead`; the group without a read-model generation, e.g. `trainer` */
  readonly consumer: string;
  /**
   * Called with one partition's records in order, at least once each. The group's offset moves after it resolves.
   * `DeadLetterError` moves the one record that causes it to the dead-letter topic (a batch is split to find it);
   * any other error is tried again with growing, jittered pauses while the other partitions go on.
   */
  onBatch(batch: Batch): Promise<void>;
  /** records in one batch at most; default 200. 1 = one by one */
  readonly maxBatch?: number;
  /** partitions handled at the same time; default 1 */
  readonly concurrency?: number;
  /** where a group without a stored offset begins; default `earliest` */
  readonly startFrom?: 'earliest' | 'latest';
  /**
   * For a handler that stores offsets in the same transaction as its effects: asked whenever partitions are assigned; answers
   * the next offset wanted of each (a missing one: from the beginning). Earlier records are not delivered again. A store that may
   * be behind the group's own offset (restored, rebuilt) takes a new group name, because Kafka goes no further back.
   */
  readonly storedOffsets?: (partitions: readonly TopicPartition[]) => Promise<readonly Position[]>;
  /** after a dead letter is durable and before the partition moves on; a failure here is tried again like any other */
  readonly onDeadLetter?: (record: LogRecord, reason: DeadLetterReason, message: string) => Promise<void>;
  /** told of every failure, before the pause that follows it */
  readonly onError?: (error: unknown, at: Position) => void;
  /** first and longest pause after a failure; defaults 100 and 10,000 ms */
  readonly backoffMs?: { readonly first: number; readonly longest: number };
}

export interface PartitionStatus extends TopicPartition {
  readonly state: 'running' | 'retrying' | 'paused';
  /** next offset to be handled */
  readonly next: number;
  /** records behind the end */
  readonly lag: number;
  /** failures in a row, and the last one's message */
  readonly failures: number;
  readonly because: string | null;
}

export interface Consumer {
  /** Joins the group; resolves when this member is counted. Partitions that another member holds come as soon as it gives them up. */
  start(): Promise<void>;
  /** Waits for handlers in progress, stores offsets and leaves the group. */
  stop(): Promise<void>;
  /** Started, and no partition of this member is retrying. */
  ready(): boolean;
  /** The partitions of this member. */
  status(): readonly PartitionStatus[];
  /** Lets handlers in progress finish and hands out no more until `resume`. */
  pause(): Promise<void>;
  resume(): void;
}

export interface EventLog {
  /**
   * Appends in order; resolves when all records are durable, with their positions. Records of one call and one partition are
   * adjacent. When it rejects, the caller cannot know: it appends again with the same message ids. Errors:
   * `RecordTooLargeError` (nothing is appended), `StorageFullError`.
   */
  append(records: readonly NewRecord[]): Promise<readonly Position[]>;
  consumer(options: ConsumerOptions): Consumer;
  /**
   * Up to `limit` records of one partition from offset `from` on, without any group; only durable ones. `next` is where to go on.
   * `RetentionError` when records at `from` are no longer kept, `CorruptRecordError` when one does not match its checksum.
   * On Kafka this costs a consumer of its own: for dead letters, rebuilds and tests, not for hot paths.
   */
  read(at: {
    topic: string;
    partition: number;
    from: number;
    limit: number;
  }): Promise<{ records: readonly LogRecord[]; next: number }>;
  /** For every partition of the topics the offset of the first record kept. */
  begin(topics: readonly string[]): Promise<readonly Position[]>;
  /** For every partition of the topics the offset that the next record will have. */
  end(topics: readonly string[]): Promise<readonly Position[]>;
  /** The group's stored next offsets; partitions without one are left out. */
  committed(group: string, topics: readonly string[]): Promise<readonly Position[]>;
  /** null when records can be appended, else why not. */
  healthy(): Promise<string | null>;
  /** Stops every consumer and waits for appends in progress. */
  close(): Promise<void>;
}

/** Messages stay under 256 KB, headers and key included; anything bigger goes through the object store by reference and hash. */
export const maxRecordBytes = 256 * 1024;

export const recordBytes = (r: NewRecord): number =>
  r.value.byteLength +
  Buffer.byteLength(r.key) +
  Object.entries(r.headers).reduce((sum, [k, v]) => sum + Buffer.byteLength(k) + Buffer.byteLength(v), 0);

export type DeadLetterReason = 'decode' | 'schema' | 'invariant' | 'corrupt';

/** Thrown by a handler for a record that can never be handled. */
export class DeadLetterError extends Error {
  override readonly name = 'DeadLetterError';
  constructor(
    readonly reason: DeadLetterReason,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export class RecordTooLargeError extends Error {
  override readonly name = 'RecordTooLargeError';
  constructor(
    readonly topic: string,
    readonly key: string,
    readonly sizeBytes: number,
  ) {
    super(
      `a record for ${topic} with key '${key}' has ${sizeBytes} bytes; the limit is ${maxRecordBytes}. Put the content into the object store and send its key and hash`,
    );
  }
}

/** Throws `RecordTooLargeError` for the first record that no log takes. */
export function checkSizes(records: readonly NewRecord[]): void {
  for (const r of records) {
    const size = recordBytes(r);
    if (size > maxRecordBytes) throw new RecordTooLargeError(r.topic, r.key, size);
  }
}

/** The cursor is older than what is kept: read the state anew and go on from its cursor. */
export class RetentionError extends Error {
  override readonly name = 'RetentionError';
  constructor(
    readonly at: Position,
    readonly first: number,
  ) {
    super(
      `${at.topic}/${at.partition} keeps records from offset ${first} on; ${at.offset} is gone. Read the state anew and continue from its cursor`,
    );
  }
}

/** A record whose bytes do not match its checksum, or that is missing between two others. */
export class CorruptRecordError extends Error {
  override readonly name = 'CorruptRecordError';
  constructor(
    readonly at: Position,
    readonly because: string,
    /** the bytes found, for the dead-letter topic */
    readonly found: Uint8Array,
  ) {
    super(`${at.topic}/${at.partition} offset ${at.offset} is damaged: ${because}`);
  }
}
