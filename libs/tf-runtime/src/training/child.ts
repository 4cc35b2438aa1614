import type { Fingerprint, FromChild, ToChild } from '@minvar/contracts';
import { exitCodes, toChild } from '@minvar/contracts';
import type { Program } from '@minvar/graph';
import type { Session } from '../session';
import { failureOf } from './failure';
import { stepPlanFor } from './step-plan';
import type { StepPlan } from './step-plan';
import { trainRun } from './train-run';

/** The IPC channel to the supervisor, as `process` offers it in a forked child. */
export interface Channel {
  readonly send: (message: FromChild) => void;
  readonly onMessage: (listener: (raw: unknown) => void) => void;
  readonly onClose: (listener: () => void) => void;
  readonly exit: (code: number) => void;
}

export interface RunChildInput {
  readonly channel: Channel;
  /** loads TensorFlow */
  readonly fingerprint: () => Fingerprint;
  readonly openSession: (options: { readonly program: Program }) => Session;
  /** default: what the device of the fingerprint asks for */
  readonly stepPlan?: StepPlan;
}

type Start = Extract<ToChild, { kind: 'start' }>;

/**
 * The TensorFlow side of a runner: works through the runs it is sent, one after the other, and says everything over the channel. A run that
 * fails does not end the child. After `stop` it checkpoints the current run, answers `interrupted` for it and for those that wait, and
 * exits with the code of an interruption; when the channel closes it exits at once.
 */
export function runChild({ channel, fingerprint, openSession, stepPlan }: RunChildInput): void {
  const here = fingerprint();
  const waiting: Start[] = [];
  let current: { readonly runId: string; abandoned: boolean } | null = null;
  let stopping = false;

  async function train(start: Start): Promise<void> {
    const { runId } = start;
    const self = (current = { runId, abandoned: false });
    try {
      const end = await trainRun({
        start,
        openSession,
        emit: channel.send,
        control: { stopping: () => stopping, abandoned: () => self.abandoned },
        stepPlan: stepPlan ?? stepPlanFor(here),
      });
      if (end === 'interrupted') channel.send({ kind: 'interrupted', runId });
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind === 'INFRASTRUCTURE' && error instanceof Error)
        channel.send({ kind: 'log', runId, level: 'error', text: error.stack ?? error.message });
      channel.send({ kind: 'failed', runId, failure });
    }
    current = null;
  }

  function abandon(runId: string): void {
    if (current?.runId === runId) current.abandoned = true;
    const place = waiting.findIndex((w) => w.runId === runId);
    if (place >= 0) waiting.splice(place, 1);
  }

  async function work(): Promise<void> {
    if (current) return;
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      if (stopping) channel.send({ kind: 'interrupted', runId: next.runId });
      else await train(next);
    }
    if (stopping) channel.exit(exitCodes.interrupted.code);
  }

  channel.onClose(() => channel.exit(exitCodes.done.code));
  channel.onMessage((raw) => {
    const message = toChild.parse(raw);
    if (message.kind === 'start') waiting.push(message);
    if (message.kind === 'stop') stopping = true;
    if (message.kind === 'abandon') abandon(message.runId);
    // Later in this turn of the event loop: what was sent together is heard together.
    if (message.kind !== 'abandon') setImmediate(() => void work());
  });
  channel.send({ kind: 'ready', fingerprint: here });
}
