import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AnyEnvelope } from '@minvar/contracts';
import { deadLetterConsumers, deadLetterTopic, exampleEnvelopes } from '@minvar/contracts';
import { encodeEvent } from '@minvar/service-kit';
import { until } from '@minvar/service-kit/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Laboratory } from '../testing/laboratory';
import { openLaboratory } from '../testing/laboratory';

const listed = /* GraphQL */ `
  query ($first: Int, $after: String, $consumer: String) {
    deadLetters(first: $first, after: $after, consumer: $consumer) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      edges {
        node {
          id
          consumer
          topic
          partition
          offset
          key
          type
          reason
          message
          sizeBytes
          body
        }
      }
    }
  }
`;
const settled = (name: string) => /* GraphQL */ `
  mutation ($ids: [ID!]!) {
    ${name}(input: { ids: $ids }) {
      __typename
      ... on DeadLettersPayload { ids }
      ... on Error { message code path }
    }
  }
`;

describe('dead letters through the gateway', () => {
  let lab: Laboratory;
  const queued = exampleEnvelopes.find((e) => e.type === 'run.queued') as AnyEnvelope;
  const topic = 'minvar.run.events.v1';
  const ids = async (variables = {}): Promise<string[]> => {
    const { data } = await lab.ask(listed, variables);
    return data.deadLetters.edges.map((e: { node: { id: string } }) => e.node.id);
  };

  /** A message that the read model cannot handle, as it came over the wire. */
  const poison = (id: string) => ({
    ...encodeEvent({ ...queued, id } as AnyEnvelope),
    value: Buffer.from(`{"runId": "${id}"`),
  });

  beforeAll(async () => {
    lab = await openLaboratory();
    await lab.log.append([poison('one'), poison('two'), poison('three')]);
    await until(async () => (await lab.log.end([deadLetterTopic('gateway')]))[0]!.offset === 3);
  }, 60_000);
  afterAll(() => lab.close());

  it('are listed with what they were and why, in the order in which they died', async () => {
    const { data } = await lab.ask(listed, {});
    expect(data.deadLetters.totalCount).toBe(3);
    expect(data.deadLetters.edges.map((e: { node: { id: string } }) => e.node.id)).toEqual([
      'dead_gateway_0',
      'dead_gateway_1',
      'dead_gateway_2',
    ]);
    expect(data.deadLetters.edges[1].node).toMatchObject({
      ...{ consumer: 'gateway', topic, key: queued.subject, type: 'run.queued', reason: 'decode' },
      ...{ body: '{"runId": "two"', sizeBytes: 15, message: expect.stringContaining('the body is no JSON') },
    });
  });

  it('come page by page, and also when the last one shown was dealt with meanwhile', async () => {
    const first = (await lab.ask(listed, { first: 1 })).data.deadLetters;
    expect(first.pageInfo.hasNextPage).toBe(true);
    expect(await ids({ first: 5, after: first.pageInfo.endCursor })).toEqual(['dead_gateway_1', 'dead_gateway_2']);
    expect(await ids({ consumer: 'trainer' })).toEqual([]);
  });

  it('refuse a consumer that there is not, and name those that there are', async () => {
    const { errors } = await lab.ask(listed, { consumer: 'nobody' });
    expect(errors![0]!.extensions.code).toBe('BAD_USER_INPUT');
    expect(errors![0]!.message).toContain("'nobody'");
    expect(errors![0]!.message).toContain('trainer-facts');
  });

  it('go back to their topic whole on a replay, headers, key and bytes, and are listed no more', async () => {
    const before = (await lab.log.end([topic])).reduce((sum, p) => sum + p.offset, 0);
    const { data } = await lab.ask(settled('replayDeadLetters'), { ids: ['dead_gateway_0'] });
    expect(data.replayDeadLetters).toEqual({ __typename: 'DeadLettersPayload', ids: ['dead_gateway_0'] });
    const ends = await lab.log.end([topic]);
    expect(ends.reduce((sum, p) => sum + p.offset, 0)).toBe(before + 1);
    const at = ends.find((p) => p.offset > 0)!;
    const { records } = await lab.log.read({ ...at, from: at.offset - 1, limit: 1 });
    const { key, headers, value } = poison('one');
    expect({ key: records[0]!.key, headers: records[0]!.headers }).toEqual({ key, headers });
    expect(Buffer.from(records[0]!.value)).toEqual(Buffer.from(value));
    // It is poison still: it dies again, as a letter of its own.
    await until(async () => (await ids()).length === 3);
    expect(await ids()).toEqual(['dead_gateway_1', 'dead_gateway_2', 'dead_gateway_4']);
  });

  it('stay dropped, and their record stays in the log', async () => {
    const { data } = await lab.ask(settled('dropDeadLetters'), { ids: ['dead_gateway_1', 'dead_gateway_4'] });
    expect(data.dropDeadLetters.ids).toEqual(['dead_gateway_1', 'dead_gateway_4']);
    expect(await ids()).toEqual(['dead_gateway_2']);
    const kept = await lab.log.read({ topic: deadLetterTopic('gateway'), partition: 0, from: 1, limit: 1 });
    expect(Buffer.from(kept.records[0]!.value).toString()).toBe('{"runId": "two"');
  });

  it.each([
    ['one that was dealt with', ['dead_gateway_2', 'dead_gateway_1'], 'ConflictError', 'it was dropped'],
    ['one that there is not', ['dead_trainer_99'], 'NotFoundError', 'dead_trainer_99'],
    ['what is no id', ['gateway 2'], 'ValidationError', "'gateway 2'"],
    ['none', [], 'ValidationError', 'give 1 to 200'],
  ])('refuse %s, and then do nothing of what was asked', async (_, wanted, name, message) => {
    const { data } = await lab.ask(settled('dropDeadLetters'), { ids: wanted });
    expect(data.dropDeadLetters.__typename).toBe(name);
    expect(data.dropDeadLetters.message).toContain(message);
    expect(await ids()).toEqual(['dead_gateway_2']);
  });

  it('cannot be replayed when the log itself was damaged, but dropped', async () => {
    const headers = { dead_topic: topic, dead_partition: '0', dead_offset: '7', dead_reason: 'corrupt' };
    await lab.log.append([{ topic: deadLetterTopic('trainer'), key: '', headers, value: Buffer.from([1, 2, 255]) }]);
    const replayed = await lab.ask(settled('replayDeadLetters'), { ids: ['dead_trainer_0'] });
    expect(replayed.data.replayDeadLetters.__typename).toBe('ConflictError');
    const { data } = await lab.ask(listed, { consumer: 'trainer' });
    expect(data.deadLetters.edges[0].node).toMatchObject({ body: null, type: null, offset: 7 });
    await lab.ask(settled('dropDeadLetters'), { ids: ['dead_trainer_0'] });
    expect(await ids({ consumer: 'trainer' })).toEqual([]);
  });
});

it('every consumer in the sources is one whose dead letters are listed', async () => {
  const libs = new URL('../../../../', import.meta.url).pathname;
  const folders = ['read-model/src', ...(await readdir(join(libs, 'services'))).map((s) => `services/${s}/src`)];
  const named = new Set<string>();
  for (const folder of folders) {
    for (const file of await readdir(join(libs, folder), { recursive: true })) {
      if (!file.endsWith('.ts') || file.endsWith('.test.ts') || file.includes('testing/')) continue;
      const text = await readFile(join(libs, folder, file), 'utf8');
      for (const [, name] of text.matchAll(/\bconsumer(?:: | \?\? )'([a-z-]+)'/g)) named.add(name!);
    }
  }
  expect([...named].sort()).toEqual([...deadLetterConsumers]);
});
