import type { AnyEnvelope, RunHead } from '@minvar/contracts';
import { derivedId, exampleEnvelopes, objectKeys, sha256Hex } from '@minvar/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isAnalysisGarbage,
  isBlobGarbage,
  isUploadGarbage,
  nothingReferred,
  refer,
  referUnclear,
  runGarbage,
  unitOf,
} from './garbage';
import type { Referred } from './garbage';
import { queuedHead } from './run-head';

const runId = derivedId('run', 'x');
const [analysisId, otherId] = [derivedId('analysis', 'x'), derivedId('analysis', 'y')];
const sha256 = sha256Hex('x');
const blob = objectKeys.blob(sha256);
const exampleOf = (type: string): AnyEnvelope => exampleEnvelopes.find((e) => e.type === type)!;
const at = (e: AnyEnvelope, second: number, data: object): AnyEnvelope =>
  ({ ...e, time: `2026-01-01T00:00:0${second}.000Z`, data: { ...e.data, ...data } }) as AnyEnvelope;
const of = (...events: readonly AnyEnvelope[]): Referred => {
  const r = nothingReferred();
  for (const e of events) refer(r, e);
  return r;
};

describe('what the log refers to', () => {
  const queued = at(exampleOf('run.queued'), 1, { runId });
  const measured = at(exampleOf('analysis.completed'), 2, {
    runId,
    analysisId,
    artifacts: [],
    metrics: { key: blob, sha256, sizeBytes: 1, count: 1 },
  });
  const deleted = at(exampleOf('run.deleted'), 3, { runId });
  const again = at(exampleOf('analysis.completed'), 4, { runId, analysisId: otherId, artifacts: [] });
  const uploaded = at(exampleOf('dataset.ingest'), 5, { source: 'upl_1' });

  it('does not depend on the order of topics', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([queued, measured, again, uploaded], { minLength: 4 }),
        fc.nat(4),
        (events, i) => {
          const r = of(...events.slice(0, i), deleted, ...events.slice(i));
          expect(isAnalysisGarbage(r, analysisId)).toBe(true);
          expect(isAnalysisGarbage(r, otherId)).toBe(false);
          // a rebuild reads the message again
          expect(isBlobGarbage(r, blob)).toBe(false);
          expect(isUploadGarbage(r, 'upl_1')).toBe(false);
          expect(isUploadGarbage(r, 'upl_2')).toBe(true);
        },
      ),
    );
  });

  it('holds whatever stands in a message that cannot be read', () => {
    const r = of(deleted);
    referUnclear(r, `{"runId":"${runId}","analysisId":"${analysisId}","at":"${blob}`);
    expect(isBlobGarbage(r, blob)).toBe(false);
    expect(isAnalysisGarbage(r, analysisId)).toBe(false);
    expect(runGarbage(r, runId, { head: null, result: null, checkpoints: [] })(objectKeys.runSpec(runId))).toBe(false);
  });

  it('leaves a run without a head alone as long as its topic says that it exists', () => {
    const key = objectKeys.runSpec(runId);
    const nobody = { head: null, result: null, checkpoints: [] };
    expect(runGarbage(of(queued), runId, nobody)(key)).toBe(false);
    expect(runGarbage(of(queued, deleted), runId, nobody)(key)).toBe(true);
    expect(runGarbage(of(), runId, nobody)(key)).toBe(true);
  });
});

describe('a run', () => {
  const stamp = { at: '2026-01-01T00:00:00.000Z', nonce: 'n' };
  const fresh = queuedHead({ projectId: 'local', runId, specHash: 's', priority: 0, shareKey: 's' }, stamp);
  const keys = (term: number): string[] => [
    `${objectKeys.checkpoint(runId, term, 3)}model.safetensors`,
    objectKeys.metricChunk(runId, term, 3),
    objectKeys.metricChunk(runId, term, 3, 'end'),
    objectKeys.runResult(runId, term),
    `${objectKeys.runPrefix(runId)}results/${term}/weights.safetensors`,
    `${objectKeys.activations(runId, 2)}test@re-estimated-stage-1.${term}.npy`,
  ];
  const judged = (head: RunHead, term: number): boolean[] =>
    keys(term).map(runGarbage(of(), runId, { head, result: null, checkpoints: [] }));

  it('at work leaves to its owner what is of its term or a later one, and nothing to those before', () => {
    const head: RunHead = { ...fresh, state: 'RUNNING', owner: 'o', term: 2 };
    expect(new Set(judged(head, 1))).toEqual(new Set([true]));
    expect(new Set([...judged(head, 2), ...judged(head, 3)])).toEqual(new Set([false]));
  });

  it('that has ended keeps what is named, its spec, head, log and series, and names it does not know', () => {
    const head: RunHead = {
      ...fresh,
      state: 'CANCELLED',
      term: 2,
      outcome: { state: 'CANCELLED', failure: null, resultKey: null, seconds: 1 },
    };
    expect(new Set(judged(head, 2))).toEqual(new Set([true]));
    const rest = ['spec.json', 'head.json', 'log.txt', 'metrics.parquet', 'notes/1.md'];
    const isGarbage = runGarbage(of(), runId, { head, result: null, checkpoints: [] });
    expect(rest.map((name) => isGarbage(`${objectKeys.runPrefix(runId)}${name}`))).toEqual(rest.map(() => false));
  });
});

describe('a key', () => {
  it.each([
    [`runs/${runId}/head.json`, 'run', runId],
    [`datasets/ds_1/dsv_1/data/x.npy`, 'version', 'dsv_1'],
    [`analyses/an_1/manifest.json`, 'analysis', 'an_1'],
    [blob, 'blob', blob],
    ['uploads/upl_1/a.zip', 'upload', 'upl_1'],
    ['uploads/data-ingest/0.json', 'other', 'uploads'],
    ['leases/dispatcher/head.json', 'other', 'leases'],
    ['readme.txt', 'other', 'readme.txt'],
  ])('%s belongs to the %s %s', (key, kind, id) => {
    expect(unitOf(key)).toMatchObject({ kind, id });
  });
});
