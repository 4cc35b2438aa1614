import type { Fingerprint } from '@minvar/contracts';
import type { Program } from '@minvar/graph';
import { compileSignature } from '@minvar/graph';

/**
 * How the training step is run: as a part of the program's graph, one step a run; or as a function, compiled by XLA or not, that is called
 * several times a run. Without XLA all of them give the same bits; how many steps a run has changes nothing in any case.
 */
export type StepPlan =
  | { readonly form: 'graph' }
  | {
      readonly form: 'function';
      readonly xla: boolean;
      /** how many steps one run may have, fewest first; it starts with the first and goes up while runs stay short */
      readonly stepsARun: readonly [number, ...number[]];
    };

/** On a CPU: oneDNN is faster there than XLA, and a step takes so long that the host in between costs nothing. */
export const graphPlan: StepPlan = { form: 'graph' };

/** On a GPU: kernels are fused, and a step may take less time than the host needs to ask for the next. */
export const gpuPlan: StepPlan = { form: 'function', xla: true, stepsARun: [1, 2, 4, 8, 16, 32] };

/** The plan for the device that TensorFlow computes on. */
export const stepPlanFor = ({ device }: Pick<Fingerprint, 'device'>): StepPlan =>
  device === 'gpu' ? gpuPlan : graphPlan;

/** In words, for logs and `minvar doctor`. */
export function describeStepPlan(plan: StepPlan): string {
  if (plan.form === 'graph') return 'one step a run';
  const most = Math.max(...plan.stepsARun);
  return `${plan.xla ? 'compiled by XLA, ' : ''}${most === 1 ? 'one step' : `up to ${most} steps`} a run`;
}

/** The signature that trains so many steps, each input and output with a first axis of them where there are several. */
export const trainSignature = (steps: number): string => (steps === 1 ? 'train' : `train_${steps}`);

/**
 * The program with its signature `train` in the plan's form, and `train_K` beside it for each K > 1 of the plan. All call one function. With
 * XLA the forward passes of evaluations are compiled as well: TensorFlow has no kernel of its own that picks bytes on a GPU.
 */
export function withStepPlan(program: Program, plan: StepPlan): Program {
  if (plan.form === 'graph') return program;
  const { xla, stepsARun } = plan;
  // `train` itself comes last: the others are made from its plain form.
  const several = stepsARun
    .filter((k) => k > 1)
    .reduce((p, k) => compileSignature(p, 'train', { xla, steps: k, as: trainSignature(k) }), program);
  const forward = xla ? ['eval', 'statistics'].filter((name) => name in program.signatures) : [];
  return ['train', ...forward].reduce((p, name) => compileSignature(p, name, { xla, steps: null }), several);
}
