import kafkajs from 'kafkajs';
import type { Membership } from '../group';
import { partitionKey } from '../group';
import type { Position, TopicPartition } from '../port';
import { backoffMs, pause } from '../waiting';
import type { Client } from './client';
import type { Broker } from './wire';
import { protocolError } from './wire';

// a CommonJS package whose names Node does not all see
const { AssignerProtocol } = kafkajs;

/*
 * One member of a consumer group. While it has joined, heartbeats go on by themselves, whatever handlers do. When the group rebalances, the member
 * gives up all partitions, waits until their handlers are done and their offsets are stored, and only then joins again: so a
 * partition has one reader at a time. Whatever else fails (a coordinator that moved, a broker that is gone, a session that ended), it joins
 * again, with growing pauses, for ever.
 */

const protocol = 'minvar';
const version = 1;

export interface MemberOptions {
  readonly client: Client;
  readonly group: string;
  readonly topics: readonly string[];
  readonly partitionsOf: (topic: string) => number;
  readonly sessionMs: number;
  readonly heartbeatMs: number;
  /** called when the assignment changes */
  readonly changed: () => void;
  readonly onError: (error: unknown) => void;
  /** called before partitions are handed out: reads where the group stands */
  readonly prepare: (partitions: readonly TopicPartition[], signal: AbortSignal) => Promise<void>;
}

export interface Member extends Membership {
  commit(at: TopicPartition, next: number): Promise<void>;
}

interface Joined {
  readonly generation: number;
  readonly partitions: readonly TopicPartition[];
}

const rejoin = new Set(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID']);

export function createMember(options: MemberOptions): Member {
  const { client, group, topics, partitionsOf, sessionMs, heartbeatMs, changed, onError, prepare } = options;
  const claims = new Set<string>();
  let stopping = new AbortController();
  let memberId = '';
  let joined: Joined | null = null;
  let generation: number | null = null;
  let lost = new AbortController();
  let running: Promise<void> | null = null;
  let released = (): void => {};

  const coordinator = <T>(what: string, work: (broker: Broker) => Promise<T>, forMs = sessionMs): Promise<T> =>
    client.ask(
      `${what} of group ${group}`,
      async (cluster) => work(await cluster.findGroupCoordinator({ groupId: group })),
      { forMs, signal: stopping.signal, topics },
    );

  /** Joins, and resolves with what this member was given. */
  async function joinOnce(): Promise<Joined> {
    return coordinator('the join', async (broker) => {
      const metadata = AssignerProtocol.MemberMetadata.encode({
        version,
        topics: [...topics],
        userData: Buffer.alloc(0),
      });
      const answer = await broker.joinGroup({
        groupId: group,
        sessionTimeout: sessionMs,
        rebalanceTimeout: Math.max(60_000, sessionMs),
        memberId,
        groupProtocols: [{ name: protocol, metadata }],
      });
      memberId = answer.memberId;
      const groupAssignment = answer.leaderId === memberId ? assignmentOf(answer.members, partitionsOf) : [];
      const { memberAssignment } = await broker.syncGroup({
        groupId: group,
        generationId: answer.generationId,
        memberId,
        groupAssignment,
      });
      const mine = AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment ?? {};
      const partitions = Object.entries(mine).flatMap(([topic, all]) => all.map((partition) => ({ topic, partition })));
      return { generation: answer.generationId, partitions };
    });
  }

  /** Heartbeats until the membership ends or is to be renewed. */
  async function stay(now: Joined): Promise<void> {
    let last = performance.now();
    for (;;) {
      await pause(heartbeatMs, AbortSignal.any([stopping.signal, lost.signal]));
      if (stopping.signal.aborted || lost.signal.aborted) return;
      try {
        await coordinator(
          'a heartbeat',
          (broker) => broker.heartbeat({ groupId: group, groupGenerationId: now.generation, memberId }),
          Math.max(1, sessionMs - (performance.now() - last)),
        );
        last = performance.now();
      } catch (error) {
        forgetIfUnknown(error);
        if (!rejoin.has(protocolError(error) ?? '')) onError(error);
        return;
      }
    }
  }

  function forgetIfUnknown(error: unknown): void {
    if (protocolError(error) === 'UNKNOWN_MEMBER_ID') memberId = '';
  }

  /** Waits until no handler holds a partition any more. */
  async function givenUp(): Promise<void> {
    joined = null;
    changed();
    while (claims.size > 0) {
      const one = new Promise<void>((tell) => (released = tell));
      const beat = setTimeout(() => released(), heartbeatMs);
      await one;
      clearTimeout(beat);
      // The group waits for members that are still known to it: say that this one is alive.
      if (claims.size > 0 && memberId !== '' && generation !== null)
        await coordinator('a heartbeat', (broker) =>
          broker.heartbeat({ groupId: group, groupGenerationId: generation!, memberId }),
        ).catch(forgetIfUnknown);
    }
  }

  async function run(first: () => void): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        const now = await joinOnce();
        if (stopping.signal.aborted) break;
        failures = 0;
        lost = new AbortController();
        generation = now.generation;
        joined = now;
        first();
        changed();
        await stay(now);
      } catch (error) {
        forgetIfUnknown(error);
        if (stopping.signal.aborted) break;
        if (!rejoin.has(protocolError(error) ?? '')) {
          failures += 1;
          onError(error);
        }
        await pause(backoffMs(Math.max(1, failures), { first: 50, longest: 5000 }), stopping.signal);
      }
      // At the end partitions stay until their consumer has given them back, so that their offsets are stored.
      if (!stopping.signal.aborted) await givenUp();
    }
    first();
  }

  return {
    join() {
      stopping = new AbortController();
      return new Promise((done) => {
        running = run(done);
      });
    },
    async leave() {
      stopping.abort();
      // A join in progress waits for the other members; a member that does not leave is missed after its session.
      await Promise.race([running, pause(3000, new AbortController().signal)]);
      joined = null;
      claims.clear();
      if (memberId !== '') {
        await client
          .ask(
            `leaving group ${group}`,
            async (cluster) =>
              (await cluster.findGroupCoordinator({ groupId: group })).leaveGroup({ groupId: group, memberId }),
            { forMs: 2000 },
          )
          .catch(() => {});
      }
      memberId = '';
    },
    assigned: () => [...(joined?.partitions ?? [])],
    async claim(partitions) {
      const held = joined;
      if (!held) return [];
      await prepare(partitions, AbortSignal.any([stopping.signal, lost.signal]));
      if (joined !== held) return [];
      for (const at of partitions) claims.add(partitionKey(at));
      return [...partitions];
    },
    async release(at) {
      claims.delete(partitionKey(at));
      if (claims.size === 0) released();
    },
    async commit({ topic, partition }, next) {
      try {
        await client.ask(
          `the offset of ${topic}/${partition}`,
          async (cluster) =>
            (await cluster.findGroupCoordinator({ groupId: group })).offsetCommit({
              groupId: group,
              groupGenerationId: generation ?? -1,
              memberId,
              topics: [{ topic, partitions: [{ partition, offset: String(next) }] }],
            }),
          { forMs: sessionMs },
        );
      } catch (error) {
        if (rejoin.has(protocolError(error) ?? '')) {
          forgetIfUnknown(error);
          lost.abort();
        }
        throw error;
      }
    },
  };
}

/** The group's stored next offsets of partitions. */
export function committedOffsets(
  client: Client,
  group: string,
  partitions: readonly TopicPartition[],
  signal?: AbortSignal,
): Promise<Position[]> {
  const topics = [...new Set(partitions.map((p) => p.topic))].map((topic) => ({
    topic,
    partitions: partitions.filter((p) => p.topic === topic).map(({ partition }) => ({ partition })),
  }));
  if (topics.length === 0) return Promise.resolve([]);
  return client.ask(
    `the offsets of group ${group}`,
    async (cluster) => {
      const broker = await cluster.findGroupCoordinator({ groupId: group });
      const { responses } = await broker.offsetFetch({ groupId: group, topics });
      return responses.flatMap(({ topic, partitions: all }) =>
        all
          .filter(({ offset }) => Number(offset) >= 0)
          .map(({ partition, offset }) => ({ topic, partition, offset: Number(offset) })),
      );
    },
    signal ? { signal } : {},
  );
}

/** Each topic's partitions in turn to the members that read it: as even as can be over all topics, and the same for the same members. */
function assignmentOf(
  members: readonly { memberId: string; memberMetadata: Buffer }[],
  partitionsOf: (topic: string) => number,
): { memberId: string; memberAssignment: Buffer }[] {
  const readers = members
    .map(({ memberId, memberMetadata }) => ({
      memberId,
      topics: AssignerProtocol.MemberMetadata.decode(memberMetadata)?.topics ?? [],
      assignment: {} as Record<string, number[]>,
    }))
    .sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  let turn = 0;
  for (const topic of [...new Set(readers.flatMap((r) => r.topics))].sort()) {
    const those = readers.filter((r) => r.topics.includes(topic));
    for (let partition = 0; partition < partitionsOf(topic); partition++)
      (those[turn++ % those.length]!.assignment[topic] ??= []).push(partition);
  }
  return readers.map(({ memberId, assignment }) => ({
    memberId,
    memberAssignment: AssignerProtocol.MemberAssignment.encode({ version, assignment, userData: Buffer.alloc(0) }),
  }));
}
