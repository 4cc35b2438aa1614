import type { Admin, Kafka } from 'kafkajs';
import kafkajs from 'kafkajs';
import type { TopicSettings } from '../lmdb';
import { backoffMs, pause } from '../waiting';

// a CommonJS package whose names Node does not all see
const { ConfigResourceTypes } = kafkajs;

/** A whole append of one partition must fit into one batch, so that its records are adjacent. */
export const maxBatchBytes = 8 * 1024 * 1024;

/** Topics of the cluster are not as contracts say. Nothing is changed by itself: their records may be all there is. */
export class TopicSettingsError extends Error {
  override readonly name = 'TopicSettingsError';
  constructor(readonly problems: readonly string[]) {
    super(`the topics on Kafka are not as this version needs them:\n${problems.map((p) => `- ${p}`).join('\n')}`);
  }
}

export interface Topics {
  /** Makes the topics that are missing and compares the others. `TopicSettingsError` with all differences at once. */
  ensure(topics: ReadonlyMap<string, TopicSettings>): Promise<void>;
}

const retention = ({ retentionMs }: TopicSettings): string => String(retentionMs ?? -1);

export function createTopics(
  kafka: Kafka,
  options: { brokers: readonly string[]; replication?: number; forMs: number },
): Topics {
  /** Runs on a connection of its own, until it succeeds or time is over. */
  async function withAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const until = performance.now() + options.forMs;
    for (let failures = 1; ; failures++) {
      const admin = kafka.admin();
      try {
        await admin.connect();
        return await work(admin);
      } catch (error) {
        const wait = backoffMs(failures, { first: 100, longest: 2000 });
        if (error instanceof TopicSettingsError) throw error;
        if (performance.now() + wait > until)
          throw new Error(`Kafka at ${options.brokers.join(',')} cannot be reached: ${(error as Error).message}`, {
            cause: error,
          });
        await pause(wait, new AbortController().signal);
      } finally {
        await admin.disconnect().catch(() => {});
      }
    }
  }

  async function create(admin: Admin, topics: ReadonlyMap<string, TopicSettings>): Promise<void> {
    const brokers = (await admin.describeCluster()).brokers.length;
    const replicas = options.replication ?? Math.min(3, brokers);
    await admin.createTopics({
      waitForLeaders: false,
      topics: [...topics].map(([topic, settings]) => ({
        topic,
        numPartitions: settings.partitions,
        replicationFactor: replicas,
        configEntries: [
          { name: 'cleanup.policy', value: 'delete' },
          { name: 'retention.ms', value: retention(settings) },
          { name: 'retention.bytes', value: '-1' },
          { name: 'max.message.bytes', value: String(maxBatchBytes + 1024 * 1024) },
          { name: 'min.insync.replicas', value: replicas > 2 ? '2' : '1' },
        ],
      })),
    });
  }

  async function problems(admin: Admin, topics: ReadonlyMap<string, TopicSettings>): Promise<string[]> {
    if (topics.size === 0) return [];
    const names = [...topics.keys()];
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: names.map((name) => ({
        type: ConfigResourceTypes.TOPIC,
        name,
        configNames: ['cleanup.policy', 'retention.ms', 'retention.bytes'],
      })),
    });
    const found: string[] = [];
    const { topics: metadata } = await admin.fetchTopicMetadata({ topics: names });
    for (const { name, partitions } of metadata) {
      const wanted = topics.get(name)!.partitions;
      if (partitions.length !== wanted)
        found.push(
          `${name} has ${partitions.length} partitions, not ${wanted}. The number is fixed for a topic, because keys are placed by it: use a new version of the topic`,
        );
    }
    for (const { resourceName: name, configEntries } of resources) {
      const wanted = {
        'cleanup.policy': 'delete',
        'retention.ms': retention(topics.get(name)!),
        'retention.bytes': '-1',
      };
      for (const [setting, value] of Object.entries(wanted)) {
        const is = configEntries.find((c) => c.configName === setting)?.configValue;
        if (is !== undefined && is !== value)
          found.push(
            `${name} has ${setting}=${is}, not ${value}: kafka-configs.sh --alter --entity-type topics --entity-name ${name} --add-config ${setting}=${value}`,
          );
      }
    }
    return found;
  }

  return {
    ensure: (topics) =>
      withAdmin(async (admin) => {
        const there = new Set(await admin.listTopics());
        const missing = new Map([...topics].filter(([name]) => !there.has(name)));
        if (missing.size > 0) await create(admin, missing);
        const found = await problems(admin, new Map([...topics].filter(([name]) => there.has(name))));
        if (found.length > 0) throw new TopicSettingsError(found);
      }),
  };
}
