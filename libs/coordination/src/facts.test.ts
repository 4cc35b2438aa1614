import type { WholeEnvelope } from '@minvar/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { doomedRuns, noFacts, readyRequests, remember, versionsIn, waitingRequests } from './facts';
import type { Facts } from './facts';

const envelope = (
  id: string,
  type: WholeEnvelope['type'],
  subject: string,
  term: number | null,
  data: object,
): WholeEnvelope =>
  ({ id, type, source: 's', subject, time: '', projectId: 'local', term, traceparent: null, data }) as WholeEnvelope;
const request = {
  requestId: 'r',
  experimentId: 'exp',
  name: 'colour',
  preset: 'quick',
  basePreset: 'quick',
  seeds: null,
  set: [],
  freshNonce: null,
  priority: 0,
};
const spec = { model: { name: 'linear' } };

const dataset = [
  envelope('d1', 'dataset.versionCreated', 'ds', null, {
    ingestId: 'i',
    name: 'dots',
    manifest: { versionId: 'v', version: 'abc', name: 'dots', splits: [{ name: 'train', examples: 8 }] },
  }),
];
const experiment = [
  envelope('e1', 'experiment.accepted', 'exp', null, { ...request, waitingFor: [{ ingestId: 'i', name: 'dots' }] }),
  envelope('e2', 'experiment.expanded', 'exp', null, {
    ...request,
    runs: [{ runId: 'a', cell: 'c', method: 'erm', seed: 0 }],
  }),
];
const run = [
  envelope('a:queued:1:0', 'run.queued', 'a', 0, { runId: 'a', attempt: 1, spec, datasetVersionId: 'v' }),
  envelope('a:1:0', 'run.claimed', 'a', 1, { runId: 'a', attempt: 1 }),
  envelope('a:terminal:1', 'run.failed', 'a', 1, { runId: 'a', attempt: 1 }),
  envelope('a:queued:2:1', 'run.queued', 'a', 1, { runId: 'a', attempt: 2, spec, datasetVersionId: 'v' }),
  envelope('a:2:0', 'run.claimed', 'a', 2, { runId: 'a', attempt: 2 }),
];
const fold = (events: readonly WholeEnvelope[]): Facts => {
  const facts = noFacts();
  events.forEach((e) => remember(facts, e));
  return facts;
};

/** Topics read side by side: each in its own order, merged in any way. */
const merged = fc.array(fc.constantFrom(0, 1, 2), { minLength: 40, maxLength: 40 }).map((turns) => {
  const topics = [[...dataset], [...experiment], [...run]];
  const order = turns.flatMap((t) => topics[t]!.shift() ?? []);
  return [...order, ...topics.flat()];
});

describe('what the trainer knows', () => {
  it('does not depend on how topics are read side by side, nor on events that come again', () => {
    const expected = fold([...dataset, ...experiment, ...run]);
    fc.assert(
      fc.property(merged, (events) => {
        expect(fold(events)).toEqual(expected);
      }),
    );
    expect(fold([...dataset, ...experiment, ...run, ...run, ...experiment])).toEqual(expected);
    expect(expected.runs.get('a')).toEqual({ attempt: 2, term: 2, groupKey: 'v linear', phase: 'active' });
  });

  it('remembers what a deleted experiment left at work, until it is gone or asked for again', () => {
    const deleted = envelope('x', 'experiment.deleted', 'exp', null, {
      experimentId: 'exp',
      name: 'colour',
      removing: [{ runId: 'a', attempt: 1 }],
    });
    const left = [...dataset, ...experiment, ...run.slice(0, 2)];
    expect(doomedRuns(fold(left))).toEqual([]);
    for (const order of [
      [...left, deleted],
      [...dataset, ...experiment, deleted, ...run.slice(0, 2)],
    ]) {
      expect(doomedRuns(fold(order))).toEqual(['a']);
      expect(doomedRuns(fold([...order, run[2]!]))).toEqual(['a']);
      expect(doomedRuns(fold([...order, envelope('g', 'run.deleted', 'a', 1, { runId: 'a' })]))).toEqual([]);
      expect(doomedRuns(fold([...order, ...run.slice(2)]))).toEqual([]);
      const again = experiment.map((e) => envelope(`${e.id}2`, e.type, 'exp', null, { ...e.data, requestId: 'r2' }));
      expect(doomedRuns(fold([...order, ...again]))).toEqual([]);
    }
  });

  it('tells requests that wait for data from those that can go on', () => {
    const waiting = fold([experiment[0]!]);
    expect([waitingRequests(waiting).length, readyRequests(waiting).length]).toEqual([1, 0]);
    remember(waiting, dataset[0]!);
    expect([waitingRequests(waiting).length, readyRequests(waiting).length]).toEqual([0, 1]);
    remember(waiting, experiment[1]!);
    expect([waitingRequests(waiting).length, readyRequests(waiting).length]).toEqual([0, 0]);
  });

  it('finds versions by what made them and by name, until they are deleted', () => {
    const facts = fold(dataset);
    const wanted = { ingestId: 'i', name: 'dots', parameters: {}, version: null };
    expect(versionsIn(facts)(wanted)?.versionId).toBe('v');
    expect(versionsIn(facts)({ ...wanted, ingestId: 'j', version: 'abc' })?.versionId).toBe('v');
    expect(versionsIn(facts)({ ...wanted, version: 'xyz' })).toBeNull();
    remember(facts, envelope('d2', 'dataset.versionDeleted', 'ds', null, { versionId: 'v', name: 'dots' }));
    expect(versionsIn(facts)(wanted)).toBeNull();
  });
});
