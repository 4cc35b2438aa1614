import type { Kafka } from 'kafkajs';

/*
 * kafkajs has two layers: consumers and producers, and the requests of the protocol with connections and metadata below them. Only the lower
 * one is used here. The upper one is no longer maintained and does not keep what the port promises: a send that is tried again after a leader
 * has moved to a broker that has answered already leaves records out, and a consumer does not wait for handlers before it joins again, so that
 * two members hold one partition. These types are the part of kafkajs 2.2 that is used.
 */

export interface WireMessage {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, Buffer | string | readonly (Buffer | string)[]>>;
}

export interface WireRecord extends WireMessage {
  readonly offset: string;
  readonly timestamp: string;
  readonly isControlRecord: boolean;
}

export interface Broker {
  produce(request: {
    acks: -1;
    timeout: number;
    topicData: readonly {
      topic: string;
      partitions: readonly { partition: number; firstSequence: number; messages: readonly WireMessage[] }[];
    }[];
  }): Promise<{ topics: { topicName: string; partitions: { partition: number; baseOffset: string }[] }[] }>;
  fetch(request: {
    maxWaitTime: number;
    minBytes: number;
    maxBytes: number;
    topics: readonly {
      topic: string;
      partitions: readonly { partition: number; fetchOffset: string; maxBytes: number }[];
    }[];
  }): Promise<{
    responses: {
      topicName: string;
      partitions: { partition: number; highWatermark: string; messages: readonly WireRecord[] }[];
    }[];
  }>;
  joinGroup(request: {
    groupId: string;
    sessionTimeout: number;
    rebalanceTimeout: number;
    memberId: string;
    groupProtocols: readonly { name: string; metadata: Buffer }[];
  }): Promise<{
    generationId: number;
    leaderId: string;
    memberId: string;
    members: { memberId: string; memberMetadata: Buffer }[];
  }>;
  syncGroup(request: {
    groupId: string;
    generationId: number;
    memberId: string;
    groupAssignment: readonly { memberId: string; memberAssignment: Buffer }[];
  }): Promise<{ memberAssignment: Buffer }>;
  heartbeat(request: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>;
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>;
  offsetCommit(request: {
    groupId: string;
    groupGenerationId: number;
    memberId: string;
    topics: readonly { topic: string; partitions: readonly { partition: number; offset: string }[] }[];
  }): Promise<unknown>;
  offsetFetch(request: {
    groupId: string;
    topics: readonly { topic: string; partitions: readonly { partition: number }[] }[];
  }): Promise<{ responses: { topic: string; partitions: { partition: number; offset: string }[] }[] }>;
}

export interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { partitionId: number; leader: number }[];
  findBroker(at: { nodeId: string | number }): Promise<Broker>;
  findGroupCoordinator(of: { groupId: string }): Promise<Broker>;
  fetchTopicsOffset(
    topics: readonly { topic: string; partitions: readonly { partition: number }[]; fromBeginning: boolean }[],
  ): Promise<{ topic: string; partitions: { partition: number; offset: string }[] }[]>;
}

/** Connections of their own to the brokers, with their own metadata. */
export function createCluster(kafka: Kafka): Cluster {
  const name = 'private:Kafka:createCluster';
  const symbol = Object.getOwnPropertySymbols(kafka).find((s) => s.description === name);
  if (!symbol) throw new Error(`kafkajs has no ${name}: this adapter is written for kafkajs 2.2`);
  const create = (kafka as unknown as Record<symbol, (options: object) => Cluster>)[symbol]!;
  return create({ metadataMaxAge: 60_000, allowAutoTopicCreation: false, maxInFlightRequests: null });
}

/** The protocol's name of an error, e.g. `NOT_LEADER_FOR_PARTITION`; undefined for another. */
export function protocolError(error: unknown): string | undefined {
  for (let e = error; e instanceof Error; e = (e as { cause?: unknown }).cause) {
    const { type } = e as { type?: unknown };
    if (typeof type === 'string') return type;
  }
  return undefined;
}
