import type { WholeEnvelope, MessageData, MessageType, MetricPoint } from '@minvar/contracts';
import {
  analysisIdOf,
  derivedId,
  exampleEnvelopes,
  experimentIdOf,
  ingestIdOf,
  localProject,
  messageByType,
  runIdOf,
  runSpecHash,
} from '@minvar/contracts';
import fc from 'fast-check';

/** An envelope as a service would write it. */
export function envelope<T extends MessageType>(
  type: T,
  id: string,
  data: MessageData<T>,
  o: { time: string; term?: number | null; subject: string },
): WholeEnvelope {
  return {
    id,
    type,
    source: 'test',
    subject: o.subject,
    time: o.time,
    projectId: localProject,
    term: o.term ?? null,
    traceparent: null,
    data,
  } as unknown as WholeEnvelope;
}

const exampleOf = <T extends MessageType>(type: T): MessageData<T> =>
  exampleEnvelopes.find((e) => e.type === type)!.data as MessageData<T>;

export const topicOfMessage = (e: WholeEnvelope): string => messageByType.get(e.type)!.topic;

const at = (tick: number): string => new Date(Date.UTC(2026, 0, 1) + tick * 1000).toISOString();

interface Life {
  readonly seed: number;
  readonly experiment: string;
  readonly takeovers: number;
  readonly end: 'run.succeeded' | 'run.failed' | 'run.cancelled';
  readonly retried: boolean;
  readonly deleted: boolean;
  readonly epochs: number;
  readonly asked: boolean;
}

const life: fc.Arbitrary<Life> = fc.record({
  seed: fc.integer({ min: 0, max: 5 }),
  experiment: fc.constantFrom('spurious-colour', 'activation-variance'),
  takeovers: fc.integer({ min: 0, max: 2 }),
  end: fc.constantFrom('run.succeeded', 'run.failed', 'run.cancelled'),
  retried: fc.boolean(),
  deleted: fc.boolean(),
  epochs: fc.integer({ min: 1, max: 4 }),
  asked: fc.boolean(),
});

const point = (metric: string, step: number): MetricPoint => ({
  metric,
  variant: metric === 'loss' ? null : 'mean',
  split: 'test',
  class: null,
  group: step % 2 ? '1/red' : null,
  step,
  value: step === 3 ? null : 1 / (step + 1),
  nonFinite: step === 3 ? 'NaN' : null,
});

/** The messages of one run's life, each service's in its order; times rise, as those of one machine do. */
function lifeOf(l: Life, tick: () => string): WholeEnvelope[] {
  const spec = { ...exampleOf('run.queued').spec, seed: l.seed };
  const specHash = runSpecHash(spec);
  const runId = runIdOf(localProject, specHash, null);
  const { datasetVersionId } = exampleOf('run.queued');
  const out: WholeEnvelope[] = [];
  let seq = 0;
  const say = <T extends MessageType>(type: T, id: string, data: MessageData<T>, term: number | null = null) =>
    out.push(envelope(type, id, data, { time: tick(), term, subject: runId }));
  const key = (k: string) => ({ idempotencyKey: `${runId}-${k}` });
  if (l.asked)
    say('run.create', `${runId}:create:${tick()}`, {
      runId,
      spec,
      specHash,
      datasetVersionId,
      priority: 0,
      ...key('create'),
    });
  let term = 0;
  for (let attempt = 1; attempt <= (l.retried && l.end !== 'run.succeeded' ? 2 : 1); attempt++) {
    if (attempt > 1) say('run.retry', `${runId}:retry:${attempt}`, { runId, attempt, ...key(`retry${attempt}`) });
    say(
      'run.queued',
      `${runId}:queued:${attempt}:${term}`,
      { runId, spec, specHash, datasetVersionId, attempt, priority: 0 },
      term,
    );
    for (let owner = 0; owner <= l.takeovers; owner++) {
      term += 1;
      say('run.claimed', `${runId}:${term}:${seq++}`, { runId, owner: `runner-${term}`, attempt }, term);
      say(
        'run.started',
        `${runId}:${term}:${seq++}`,
        {
          runId,
          attempt,
          fingerprint: exampleOf('run.started').fingerprint,
          totalSteps: l.epochs,
          resumedFromStep: null,
        },
        term,
      );
      for (let epoch = 1; epoch <= l.epochs; epoch++) {
        say(
          'run.metricPoints',
          `${runId}:${term}:p${seq++}`,
          { runId, points: [point('error', epoch), point('loss', epoch)] },
          term,
        );
        say(
          'run.progress',
          `${runId}:${term}:q${seq++}`,
          { runId, step: epoch, totalSteps: l.epochs, epoch, examplesPerSecond: 10, etaSeconds: 1 },
          term,
        );
        say(
          'run.logLines',
          `${runId}:${term}:l${seq++}`,
          { runId, lines: [{ at: tick(), level: 'info', text: `epoch ${epoch} \0 \ud800` }] },
          term,
        );
        say(
          'run.checkpointed',
          `${runId}:${term}:${seq++}`,
          { runId, step: epoch, epoch, prefix: `runs/${runId}/checkpoints/${term}-${epoch}/` },
          term,
        );
      }
    }
    const finishedAt = tick();
    const terminal = { runId, attempt, finishedAt, seconds: 1 };
    if (l.end === 'run.cancelled') {
      say('run.cancel', `${runId}:cancel:${attempt}`, { runId, attempt, ...key(`cancel${attempt}`) });
      say('run.cancelRequested', `${runId}:cr:${attempt}`, { runId, attempt }, term);
    }
    const id = `${runId}:terminal:${attempt}`;
    if (l.end === 'run.succeeded')
      say(
        'run.succeeded',
        id,
        { ...terminal, resultKey: `runs/${runId}/results/${term}.json`, fingerprints: [], numericsChanged: false },
        term,
      );
    else if (l.end === 'run.failed')
      say('run.failed', id, { ...terminal, failure: { kind: 'NON_FINITE', message: 'loss is NaN' } }, term);
    else say('run.cancelled', id, terminal, term);
    if (l.end === 'run.succeeded') {
      const analysisId = analysisIdOf(localProject, runId, attempt);
      say('analysis.completed', `${analysisId}:completed`, {
        ...exampleOf('analysis.completed'),
        analysisId,
        runId,
        attempt,
      });
    }
  }
  const experimentId = experimentIdOf(localProject, l.experiment);
  const requestId = derivedId('request', l.experiment, tick());
  const request = { requestId, experimentId, name: l.experiment, preset: 'quick' };
  const of = (
    type: 'experiment.run' | 'experiment.accepted' | 'experiment.expanded' | 'experiment.judged',
    data: object,
  ) => out.push(envelope(type, `${requestId}:${type}`, data as never, { time: tick(), subject: experimentId }));
  const full = { ...request, basePreset: 'quick', seeds: null, set: [], freshNonce: null, priority: 0 };
  of('experiment.run', { ...full, idempotencyKey: requestId });
  of('experiment.accepted', { ...full, waitingFor: [] });
  of('experiment.expanded', { ...request, runs: [{ runId, cell: 'c', method: 'erm', seed: l.seed }] });
  of('experiment.judged', {
    ...request,
    comparisons: exampleOf('experiment.judged').comparisons,
    verdicts: exampleOf('experiment.judged').verdicts,
    artifacts: [],
  });
  if (l.deleted) {
    say('run.deleted', `${runId}:deleted`, { runId }, term);
    if (l.seed === 0)
      out.push(
        envelope(
          'experiment.deleted',
          `${experimentId}:deleted`,
          { experimentId, name: l.experiment },
          { time: tick(), subject: experimentId },
        ),
      );
  }
  return out;
}

const datasets = (tick: () => string): WholeEnvelope[] => {
  const ingestId = ingestIdOf(localProject, 'mnist', {}, null);
  const progress = (doneBytes: number) =>
    envelope(
      'dataset.ingestProgress',
      `${ingestId}:${doneBytes}`,
      { ingestId, name: 'mnist', phase: 'reading', doneBytes, totalBytes: 10 },
      { time: tick(), subject: ingestId },
    );
  const example = exampleOf('dataset.versionCreated');
  return [
    envelope('dataset.ingest', `${ingestId}:asked`, exampleOf('dataset.ingest'), { time: tick(), subject: ingestId }),
    progress(3),
    progress(7),
    envelope(
      'dataset.versionCreated',
      `${ingestId}:made`,
      { ...example, ingestId },
      { time: tick(), subject: ingestId },
    ),
    envelope('workspace.idempotencyKeyUsed', 'k1', exampleOf('workspace.idempotencyKeyUsed'), {
      time: tick(),
      subject: 'k1',
    }),
  ];
};

/**
 * Random histories: lives of a few runs that share specs and experiments, one after the other in time, with some messages
 * repeated later in the log.
 */
export const histories: fc.Arbitrary<WholeEnvelope[]> = fc
  .record({ lives: fc.array(life, { minLength: 1, maxLength: 6 }), repeats: fc.array(fc.nat(), { maxLength: 12 }) })
  .map(({ lives, repeats }) => {
    let now = 0;
    const tick = () => at(now++);
    const messages = [...datasets(tick), ...lives.flatMap((l) => lifeOf(l, tick))];
    for (const r of repeats) {
      const from = r % messages.length;
      messages.splice(Math.min(messages.length, from + 1 + (r % 7)), 0, messages[from]!);
    }
    return messages;
  });
