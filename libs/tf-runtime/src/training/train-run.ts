import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FromChild, MetricPoint, ToChild } from '@minvar/contracts';
import { decodeSafetensors, encodeNumber, encodeSafetensors } from '@minvar/contracts';
import type { Program } from '@minvar/graph';
import { stream } from '@minvar/random';
import type { Session } from '../session';
import { drawCropFlip } from './augment';
import { planEpochs } from './batches';
import type { Control, TrainEnd } from './control';
import { createBreather } from './control';
import { joinInputs, planData } from './data';
import { describeRun } from './describe';
import { trainingError } from './failure';
import { readCheckpoint, writeCheckpoint, writeWhole } from './files';
import { createMeasure } from './measure';
import { createPace } from './pace';
import { stackFeeds } from './stack';
import type { StepFeeds } from './stack';
import { fromCheckpoint, fromWeights, initialState, stateOf, toCheckpoint } from './state';
import type { SessionState } from './state';
import { describeStepPlan, graphPlan, trainSignature, withStepPlan } from './step-plan';
import type { StepPlan } from './step-plan';
import { trainingProgram } from './training-program';

export interface TrainRunInput {
  readonly start: Omit<Extract<ToChild, { kind: 'start' }>, 'kind'>;
  readonly openSession: (options: { readonly program: Program }) => Session;
  readonly emit: (message: FromChild) => void;
  readonly control: Control;
  /** how the step is run (`stepPlanFor` the device); default: as a part of the graph, one step a run */
  readonly stepPlan?: StepPlan;
}

/** Checkpoints of this run that stay in the scratch folder: the newest, and those that the supervisor may still be uploading. */
const checkpointsKept = 3;
const progressEveryMs = 500;
const usualCheckpointSeconds = 300;

/**
 * Trains one run from its start or its checkpoint to its end and tells everything through `emit`, as `contracts/pipe.ts` describes it.
 * The same spec, data and fingerprint give the same bits, however often the run is stopped and resumed in between.
 */
export async function trainRun({
  start,
  openSession,
  emit,
  control,
  stepPlan = graphPlan,
}: TrainRunInput): Promise<TrainEnd> {
  const { runId, spec, manifest, scratchDir, resume } = start;
  const checkpointMs = 1000 * (start.checkpointSeconds ?? usualCheckpointSeconds);
  const began = performance.now();
  const breathe = createBreather();
  const ending = async (): Promise<TrainEnd | null> => {
    await breathe();
    return control.abandoned() ? 'abandoned' : control.stopping() ? 'interrupted' : null;
  };

  // Setup: what the spec names, where the data lies, one program, a session that holds both.
  const described = describeRun(spec, manifest);
  const { method, methodParameters } = described;
  const plan = await planData(spec, manifest, start.dataDir);
  const train = plan.splits[0]!;
  const made = trainingProgram(spec, manifest, plan, described);
  const batches = planEpochs(spec, train.examples);
  const totalSteps = batches.steps * spec.epochs;
  const session = openSession({ program: withStepPlan(made.program, stepPlan) });
  const pace = createPace(stepPlan.form === 'graph' ? [1] : stepPlan.stepsARun);

  async function startingState(): Promise<SessionState> {
    if (resume) return fromCheckpoint(made, await readCheckpoint(resume.dir, resume.manifest), resume.dir);
    if (start.initFile)
      return fromWeights(
        made,
        spec.seed,
        decodeSafetensors(await readFile(start.initFile), start.initFile),
        start.initFile,
      );
    return initialState(made, spec.seed);
  }

  try {
    const inputs = await joinInputs(plan, scratchDir);
    session.run('load', { inputs, labels: plan.labels });
    await rm(inputs);
    session.run('restore', await startingState());
    let { step, epoch, epochStep } = resume?.manifest ?? { step: 0, epoch: 0, epochStep: 0 };
    let { lossSum = 0, examples: seen = 0 } = resume?.manifest.carry ?? {};
    const startStep = step;
    emit({ kind: 'started', runId, totalSteps });
    const say = (text: string): void => emit({ kind: 'log', runId, level: 'info', text });
    say(
      `${spec.method.name}, ${spec.model.name} on ${spec.data.name}@${manifest.version}, seed ${spec.seed}: ${spec.epochs} epochs of ${batches.steps} steps` +
        (startStep > 0 ? `, from step ${startStep}` : '') +
        (stepPlan.form === 'graph' ? '' : `; ${describeStepPlan(stepPlan)}`),
    );

    // Step: indices and draws from the streams of (seed, epoch, step); everything else happens in the graph.
    function feedsAt(k: number): StepFeeds & { readonly indices: Int32Array } {
      const indices = batches.batch(epoch, epochStep + k);
      const n = indices.length;
      const at = { seed: spec.seed, epoch, step: epochStep + k };
      const draw = method.draw(methodParameters, n, stream({ ...at, purpose: 'mix' }));
      const crop =
        spec.data.augmentation === 'crop-flip'
          ? drawCropFlip(n, [plan.shape[0]!, plan.shape[1]!], stream({ ...at, purpose: 'augment' }))
          : {};
      return {
        indices,
        lambda: draw?.lambda ?? new Float32Array(n).fill(1),
        partner: draw?.partner ?? Int32Array.from({ length: n }, (_, i) => i),
        ...crop,
        ...method.fed(methodParameters),
        ...made.optimizer.feeds(step + k, totalSteps),
      };
    }

    /** Trains one step, or several in one run; answers how many examples they had. */
    function trainSteps(): number {
      const count = pace.next(batches.wholeBatches - epochStep);
      const fed = Array.from({ length: count }, (_, k) => feedsAt(k));
      const from = performance.now();
      const { loss } = session.run(trainSignature(count), count === 1 ? fed[0]! : stackFeeds(fed));
      pace.took(count, performance.now() - from);
      let examples = 0;
      for (const [k, { indices }] of fed.entries()) {
        const value = loss!.data[k] as number;
        if (!Number.isFinite(value)) {
          throw trainingError(
            'NON_FINITE',
            `the loss is ${value} at step ${step + 1} of ${totalSteps} (epoch ${epoch + 1}); lower optimizer.lr (${spec.optimizer.lr}) or look at the data`,
          );
        }
        lossSum += value * indices.length;
        seen += indices.length;
        examples += indices.length;
        step++;
        epochStep++;
      }
      return examples;
    }

    // Evaluate: live values after each epoch, every split into files at declared ones.
    const measure = createMeasure({
      ...{ session, made, plan, manifest, ending },
      smoothing: method.smoothing(methodParameters),
      dir: join(scratchDir, 'outputs'),
      alive: () => {
        if (performance.now() - reported.at < progressEveryMs) return;
        emit({ kind: 'evaluating', runId });
        reported.at = performance.now();
      },
      where: () => `step ${step} of ${totalSteps}`,
    });

    // Report: a checkpoint is complete on disk before it is told.
    const dirs: string[] = [];
    const saved = { step: startStep, at: performance.now() };
    async function checkpoint(): Promise<void> {
      const dir = join(scratchDir, 'checkpoints', String(step));
      const files = await writeCheckpoint(dir, toCheckpoint(made, stateOf(session), step));
      emit({ kind: 'checkpoint', runId, dir, step, epoch, epochStep, files, carry: { lossSum, examples: seen } });
      Object.assign(saved, { step, at: performance.now() });
      dirs.push(dir);
      if (dirs.length > checkpointsKept) await rm(dirs.shift()!, { recursive: true, force: true });
    }
    async function leave(end: TrainEnd): Promise<TrainEnd> {
      if (end === 'interrupted' && step > saved.step) await checkpoint();
      return end;
    }

    let reported = { at: performance.now(), examples: 0 };
    function progress(): void {
      const now = performance.now();
      const examplesPerSecond = (1000 * reported.examples) / Math.max(now - reported.at, 1e-3);
      emit({ kind: 'progress', runId, step, totalSteps, epoch: epoch + epochStep / batches.steps, examplesPerSecond });
      reported = { at: now, examples: 0 };
    }

    while (epoch < spec.epochs) {
      while (epochStep < batches.steps) {
        const end = await ending();
        if (end) return await leave(end);
        reported.examples += trainSteps();
        if (performance.now() - reported.at > progressEveryMs) progress();
        if (epochStep < batches.steps && performance.now() - saved.at > checkpointMs) await checkpoint();
      }
      if (reported.examples > 0) progress();
      const last = epoch + 1 === spec.epochs;
      const measured = await measure(epoch + 1, last || spec.activationEpochs.includes(epoch + 1));
      if (typeof measured === 'string') return await leave(measured);
      const points = [lossPoint(epoch + 1, lossSum / seen), ...measured.points];
      // Only now: a checkpoint of an interrupted evaluation must not carry a part of it.
      for (const output of measured.outputs) emit({ kind: 'output', runId, output });
      emit({ kind: 'points', runId, points });
      say(`epoch ${epoch + 1} of ${spec.epochs}: ${summary(points)}`);
      [epoch, epochStep, lossSum, seen] = [epoch + 1, 0, 0, 0];
      reported.at = performance.now();
      if (!last) await checkpoint();
    }
    const { model, optimizer } = toCheckpoint(made, stateOf(session), step);
    const bytes = encodeSafetensors(model);
    await writeWhole(scratchDir, 'weights.safetensors', bytes);
    emit({
      kind: 'finished',
      runId,
      steps: totalSteps,
      seconds: (performance.now() - began) / 1000,
      weights: join(scratchDir, 'weights.safetensors'),
      stateSha256: createHash('sha256').update(bytes).update(encodeSafetensors(optimizer)).digest('hex'),
    });
    return 'finished';
  } finally {
    session.close();
  }
}

/** Loss and error of an epoch in one line, for the log. */
const summary = (points: readonly MetricPoint[]): string =>
  points
    .filter(
      (p) => p.variant === null && p.class === null && p.group === null && ['train-loss', 'error'].includes(p.metric),
    )
    .map((p) => `${p.metric} ${p.split} ${p.value?.toPrecision(4) ?? p.nonFinite}`)
    .join(', ');

/** Mean of the method's own loss over the examples of an epoch, each at the parameters of its step. */
const lossPoint = (epoch: number, loss: number): MetricPoint => ({
  metric: 'train-loss',
  variant: null,
  split: 'train',
  class: null,
  group: null,
  step: epoch,
  ...encodeNumber(loss),
});
