import type { AnyEnvelope, MessageData, MetricPoint } from '@minvar/contracts';
import type { EventLog } from '@minvar/service-kit';
import { createPublisher } from '@minvar/service-kit';
import { clipped, inBatches } from './batches';

type LogLine = MessageData<'run.logLines'>['lines'][number];
type Progress = Omit<MessageData<'run.progress'>, 'runId'>;

/** What people see while a run goes on: points, progress and log lines, in batches, from its owner only. */
export interface Live {
  readonly points: (points: readonly MetricPoint[]) => void;
  readonly progress: (progress: Progress) => void;
  readonly lines: (lines: readonly LogLine[]) => void;
  /** Sends what is there, unless the lease is in doubt (then it stays). Resolves when acknowledged or kept. */
  readonly flush: () => Promise<void>;
  readonly stop: () => void;
}

/** Points and lines that are kept while nothing may be sent; beyond this the oldest go: chunks and log.txt have them all. */
const mostKept = 100_000;

export function createLive(run: {
  readonly runId: string;
  readonly projectId: string;
  readonly term: number;
  readonly log: EventLog;
  readonly mayPublish: () => boolean;
  readonly warn: (text: string) => void;
  readonly everyMs?: number;
}): Live {
  const publisher = createPublisher(run.log);
  let points: MetricPoint[] = [];
  let lines: LogLine[] = [];
  let progress: Progress | null = null;
  let unsent: AnyEnvelope[] = [];
  let seq = 0;
  let sending: Promise<void> | null = null;

  function envelope(type: 'run.metricPoints' | 'run.progress' | 'run.logLines', data: object): AnyEnvelope {
    const id = `${run.runId}:${run.term}:live-${seq++}`;
    const time = new Date().toISOString();
    return {
      id,
      type,
      source: 'runner',
      subject: run.runId,
      time,
      projectId: run.projectId,
      term: run.term,
      traceparent: null,
      data: { runId: run.runId, ...data },
    } as AnyEnvelope;
  }

  /** Batches keep their ids until they are acknowledged, so that sending twice says it once. */
  function seal(): void {
    unsent.push(...inBatches(points).map((batch) => envelope('run.metricPoints', { points: batch })));
    unsent.push(...inBatches(lines).map((batch) => envelope('run.logLines', { lines: batch })));
    if (progress) unsent.push(envelope('run.progress', progress));
    [points, lines, progress] = [[], [], null];
  }

  async function send(): Promise<void> {
    if (!run.mayPublish()) return;
    seal();
    const batch = unsent;
    if (batch.length === 0) return;
    try {
      await publisher.publish(...batch);
      unsent = unsent.slice(batch.length);
    } catch (e) {
      run.warn(`sending live points: ${(e as Error).message}; they are kept`);
    }
  }

  const flush = async (): Promise<void> => {
    while (sending) await sending;
    sending = send().finally(() => (sending = null));
    await sending;
  };
  const timer = setInterval(() => sending ?? void flush(), run.everyMs ?? 500);
  return {
    points: (more) => (points = [...points, ...more].slice(-mostKept)),
    progress: (p) => (progress = p),
    lines: (more) => (lines = [...lines, ...more.map(clipped)].slice(-mostKept)),
    flush,
    stop: () => clearInterval(timer),
  };
}
