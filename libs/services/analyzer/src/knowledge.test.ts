import { runSpecSchema } from '@minvar/contracts';
import type { AnyEnvelope, EnvelopeOf, MessageData, MessageType } from '@minvar/contracts';
import { describe, expect, it } from 'vitest';
import { answerId, dueWork, learn, noKnowledge } from './knowledge';
import type { Knowledge } from './knowledge';

const spec = runSpecSchema.parse({
  data: { name: 'mnist' },
  model: { name: 'mlp' },
  method: { name: 'erm' },
  epochs: 1,
});
let serial = 0;
function event<T extends MessageType>(
  type: T,
  subject: string,
  data: MessageData<T>,
  id = `e${serial++}`,
): EnvelopeOf<T> {
  return {
    id,
    type,
    source: 't',
    subject,
    time: '2026-01-01T00:00:00Z',
    projectId: 'local',
    term: 1,
    traceparent: null,
    data,
  } as EnvelopeOf<T>;
}
const queued = (runId: string, attempt = 1): AnyEnvelope =>
  event('run.queued', runId, { runId, spec, specHash: 'h', datasetVersionId: 'dsv', attempt, priority: 0 });
const ended = { finishedAt: '2026-01-01T00:00:00Z', seconds: 1 };
const succeeded = (runId: string, attempt = 1): AnyEnvelope =>
  event('run.succeeded', runId, {
    runId,
    attempt,
    ...ended,
    resultKey: `runs/${runId}/results/1.json`,
    fingerprints: [],
    numericsChanged: false,
  });
const failed = (runId: string, attempt = 1): AnyEnvelope =>
  event('run.failed', runId, { runId, attempt, ...ended, failure: { kind: 'NON_FINITE', message: 'm' } });
const analysed = (runId: string, attempt = 1, id?: string): AnyEnvelope =>
  event('analysis.completed', runId, { analysisId: 'a', runId, attempt, metrics: [], signs: [], artifacts: [] }, id);
const request = {
  requestId: 'req',
  experimentId: 'exp',
  name: 'spurious-colour',
  preset: 'quick',
  basePreset: 'quick',
  seeds: null,
  set: [],
  freshNonce: null,
  priority: 0,
};
const accepted = (): AnyEnvelope => event('experiment.accepted', 'exp', { ...request, waitingFor: [] });
const expanded = (...ids: string[]): AnyEnvelope =>
  event('experiment.expanded', 'exp', {
    requestId: 'req',
    experimentId: 'exp',
    name: 'spurious-colour',
    preset: 'quick',
    runs: ids.map((runId, seed) => ({ runId, cell: 'c', method: 'erm', seed })),
  });

const after = (...events: AnyEnvelope[]): Knowledge => {
  const k = noKnowledge();
  for (const e of events) learn(k, e);
  return k;
};
const due = (...events: AnyEnvelope[]): string[] =>
  dueWork(after(...events)).map((w) => (w.kind === 'analyse' ? `analyse ${w.runId} ${w.run.attempt}` : 'judge'));

describe('what the analyzer has to do', () => {
  it('analyses a success once', () => {
    expect(due(queued('r'), succeeded('r'))).toEqual(['analyse r 1']);
    expect(due(queued('r'), succeeded('r'), analysed('r'))).toEqual([]);
    expect(due(queued('r'), failed('r'))).toEqual([]);
    expect(due(queued('r'))).toEqual([]);
  });
  it('knows its own answer even when it reads that topic first', () => {
    expect(due(analysed('r'), queued('r'), succeeded('r'))).toEqual([]);
    expect(due(succeeded('r'), analysed('r'), queued('r'))).toEqual([]);
  });
  it('analyses the success of a retry, and drops an overtaken terminal event', () => {
    expect(due(queued('r'), failed('r'), queued('r', 2), succeeded('r', 2), failed('r', 1))).toEqual(['analyse r 2']);
    expect(due(queued('r'), succeeded('r'), analysed('r'), queued('r', 2))).toEqual([]);
  });
  it('judges when every run is terminal and every success analysed, in any order of topics', () => {
    const events = [accepted(), expanded('r', 's'), queued('r'), queued('s'), succeeded('r'), analysed('r')];
    expect(due(...events)).toEqual([]);
    expect(due(...events, failed('s'))).toEqual(['judge']);
    expect(
      due(...[succeeded('r'), analysed('r'), failed('s'), queued('r'), queued('s')], accepted(), expanded('r', 's')),
    ).toEqual(['judge']);
  });
  it('judges an experiment that is all exact at once', () => {
    expect(due(accepted(), expanded())).toEqual(['judge']);
  });
  it('judges once for the same outcomes, and again when a retry changed one', () => {
    const k = after(accepted(), expanded('r'), queued('r'), failed('r'));
    const [first] = dueWork(k);
    if (first?.kind !== 'judge') throw new Error('nothing to judge');
    learn(
      k,
      event(
        'experiment.judged',
        'exp',
        {
          requestId: 'req',
          experimentId: 'exp',
          name: 'n',
          preset: 'quick',
          comparisons: [],
          verdicts: [],
          artifacts: [],
        },
        first.eventId,
      ),
    );
    expect(dueWork(k)).toEqual([]);
    for (const e of [queued('r', 2), succeeded('r', 2), analysed('r', 2)]) learn(k, e);
    const [second] = dueWork(k);
    expect(second?.kind === 'judge' && second.eventId !== first.eventId).toBe(true);
  });
  it('answers a command to analyse again, once', () => {
    const command = event('analysis.analyse', 'r', { runId: 'r', idempotencyKey: null }, 'cmd');
    const before = [queued('r'), succeeded('r'), analysed('r')];
    expect(due(...before, command)).toEqual(['analyse r 1']);
    expect(due(...before, command, command, analysed('r', 1, answerId('cmd')))).toEqual([]);
    expect(due(...before, analysed('r', 1, answerId('cmd')), command)).toEqual([]);
  });
  it('forgets deleted runs and experiments, and failed requests', () => {
    expect(due(queued('r'), succeeded('r'), event('run.deleted', 'r', { runId: 'r' }))).toEqual([]);
    expect(due(accepted(), expanded(), event('experiment.deleted', 'exp', { experimentId: 'exp', name: 'n' }))).toEqual(
      [],
    );
    expect(
      due(
        accepted(),
        event('experiment.failed', 'exp', {
          requestId: 'req',
          experimentId: 'exp',
          name: 'n',
          preset: 'quick',
          error: 'no data',
        }),
      ),
    ).toEqual([]);
  });
});
