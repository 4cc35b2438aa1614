import { deadLetterConsumers, deadLetterTopic } from '@minvar/contracts';
import { readThrough } from '@minvar/service-kit';
import type { EventLog, LogRecord, NewRecord } from '@minvar/service-kit';

/*
 * Dead letters are records of the log, which only grows: one that was dealt with is followed by a record in the same topic that names its offset
 * and says how. What is still to be dealt with is a fold of the topic.
 */

export type Settlement = 'replayed' | 'dropped';

export interface DeadLetter {
  /** `dead_<consumer>_<offset>` */
  readonly id: string;
  readonly consumer: string;
  /** where it lies in the dead-letter topic */
  readonly letterOffset: number;
  /** the record as it was, without the headers that say why it died */
  readonly original: NewRecord;
  readonly partition: number;
  readonly offset: number;
  readonly reason: string;
  readonly message: string;
  readonly diedAt: Date;
}

const ours = /^dead_/;

export const letterId = (consumer: string, offset: number): string => `dead_${consumer}_${offset}`;

/** What an id names; null when it has another form. */
export function parseLetterId(id: string): { consumer: string; offset: number } | null {
  const [, consumer, offset] = /^dead_([a-z][a-z0-9-]*)_(\d{1,15})$/.exec(id) ?? [];
  return consumer && offset ? { consumer, offset: Number(offset) } : null;
}

function letterOf(consumer: string, { key, value, headers, offset, timestamp }: LogRecord): DeadLetter {
  const original = Object.fromEntries(Object.entries(headers).filter(([name]) => !ours.test(name)));
  return {
    id: letterId(consumer, offset),
    consumer,
    letterOffset: offset,
    original: { topic: headers['dead_topic'] ?? '', key, headers: original, value },
    partition: Number(headers['dead_partition'] ?? 0),
    offset: Number(headers['dead_offset'] ?? 0),
    reason: headers['dead_reason'] ?? '',
    message: headers['dead_message'] ?? '',
    diedAt: new Date(timestamp),
  };
}

/** The letters of consumers that nobody has dealt with yet, in the order in which they died; and how the others were. */
export async function readDeadLetters(
  log: Pick<EventLog, 'begin' | 'end' | 'read'>,
  consumers: readonly string[] = deadLetterConsumers,
): Promise<{ open: readonly DeadLetter[]; settled: ReadonlyMap<string, Settlement> }> {
  const open: DeadLetter[] = [];
  const settled = new Map<string, Settlement>();
  for (const consumer of consumers) {
    const topic = deadLetterTopic(consumer);
    const [[begin], [end]] = await Promise.all([log.begin([topic]), log.end([topic])]);
    const letters = new Map<number, DeadLetter>();
    for await (const records of readThrough(log, { topic, partition: 0, from: begin!.offset, to: end!.offset })) {
      for (const record of records) {
        const of = record.headers['dead_settled'];
        if (of === undefined) {
          letters.set(record.offset, letterOf(consumer, record));
        } else if (letters.delete(Number(of))) {
          settled.set(letterId(consumer, Number(of)), record.headers['dead_how'] as Settlement);
        }
      }
    }
    open.push(...letters.values());
  }
  return { open, settled };
}

/** The record in the log was damaged: what it said is not known, so that there is nothing to put back. */
export const canReplay = ({ reason, original }: DeadLetter): boolean =>
  original.topic !== '' && !(reason === 'corrupt' && Object.keys(original.headers).length === 0);

/**
 * Puts the original records back on their topics, or only notes that the letters are dealt with. A crash in between leaves letters open whose
 * records are back already: putting them back again is harmless, since readers know a message by its id.
 */
export async function settle(
  log: Pick<EventLog, 'append'>,
  letters: readonly DeadLetter[],
  how: Settlement,
): Promise<void> {
  if (how === 'replayed') await log.append(letters.map((l) => l.original));
  await log.append(
    letters.map((l) => ({
      topic: deadLetterTopic(l.consumer),
      key: l.original.key,
      headers: { dead_settled: String(l.letterOffset), dead_how: how },
      value: new Uint8Array(),
    })),
  );
}
