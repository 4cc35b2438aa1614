import type { Consumer, EventLog } from '../event-log/port';
import type { Metrics } from './metrics';

/**
 * The same log, with what an operator watches as metrics: how far each consumer is behind, whether partitions are tried again, what was
 * laid aside as a dead letter, and how long appends take until they are durable.
 */
export function watchLog(log: EventLog, metrics: Metrics): EventLog {
  const consumers = new Map<Consumer, string>();
  const sums = (of: (c: Consumer) => ReadonlyMap<string, number>) => {
    const all = new Map<string, { group: string; topic: string; value: number }>();
    for (const [consumer, group] of consumers)
      for (const [topic, value] of of(consumer)) {
        const key = `${group}\n${topic}`;
        all.set(key, { group, topic, value: (all.get(key)?.value ?? 0) + value });
      }
    return all.values();
  };
  const byTopic = (consumer: Consumer, count: (p: ReturnType<Consumer['status']>[number]) => number) => {
    const topics = new Map<string, number>();
    for (const p of consumer.status()) topics.set(p.topic, (topics.get(p.topic) ?? 0) + count(p));
    return topics;
  };
  metrics.gauge(
    'consumer_lag_records',
    'Records that a group has still to handle, in the partitions of this process',
    ['group', 'topic'],
    (gauge) => {
      gauge.reset();
      for (const { value, ...labels } of sums((c) => byTopic(c, (p) => p.lag))) gauge.set(labels, value);
    },
  );
  metrics.gauge(
    'consumer_retrying_partitions',
    'Partitions whose next record failed and is tried again',
    ['group', 'topic'],
    (gauge) => {
      gauge.reset();
      for (const { value, ...labels } of sums((c) => byTopic(c, (p) => Number(p.state === 'retrying'))))
        gauge.set(labels, value);
    },
  );
  const dead = metrics.counter('dead_letters_total', 'Records laid aside because they cannot be handled', [
    'consumer',
    'topic',
    'reason',
  ]);
  const appended = metrics.histogram('append_seconds', 'Time until appended records were durable');
  const failed = metrics.counter('append_failures_total', 'Appends that were refused or not answered');
  return {
    ...log,
    append: async (records) => {
      const end = appended.startTimer();
      try {
        const positions = await log.append(records);
        end();
        return positions;
      } catch (error) {
        failed.inc();
        throw error;
      }
    },
    consumer: (options) => {
      const consumer = log.consumer({
        ...options,
        onDeadLetter: async (record, reason, message) => {
          await options.onDeadLetter?.(record, reason, message);
          dead.inc({ consumer: options.consumer, topic: record.topic, reason });
        },
      });
      const watched: Consumer = {
        ...consumer,
        start: async () => {
          consumers.set(watched, options.group);
          await consumer.start();
        },
        stop: async () => {
          await consumer.stop();
          consumers.delete(watched);
        },
      };
      return watched;
    },
  };
}
