import { describe, expect, it } from 'vitest';
import { assignAdd, constant, input, program, reduceSum, variable } from '@minvar/graph';
import { describeStepPlan, gpuPlan, graphPlan, stepPlanFor, trainSignature, withStepPlan } from './step-plan';

describe('the plan of a training step', () => {
  it('is chosen by the device: the graph itself on a CPU, functions compiled by XLA on a GPU', () => {
    expect(stepPlanFor({ device: 'cpu' })).toBe(graphPlan);
    expect(stepPlanFor({ device: 'gpu' })).toBe(gpuPlan);
    expect(gpuPlan).toMatchObject({ form: 'function', xla: true });
    expect(describeStepPlan(graphPlan)).toBe('one step a run');
    expect(describeStepPlan(gpuPlan)).toBe('compiled by XLA, up to 32 steps a run');
    expect(describeStepPlan({ form: 'function', xla: false, stepsARun: [1] })).toBe('one step a run');
  });

  it('adds a signature for each number of steps; all of them call one function', () => {
    const w = variable({ name: 'w', dtype: 'float32', shape: [2] });
    const x = input('x', 'float32', [null, 2]);
    const loss = reduceSum(x);
    const plain = program({
      signatures: { train: { inputs: { x }, outputs: { loss }, updates: [assignAdd(w, constant([1, 1]))] } },
    });
    expect(withStepPlan(plain, graphPlan)).toBe(plain);
    const made = withStepPlan(plain, gpuPlan);
    expect(Object.keys(made.signatures).sort()).toEqual([1, 2, 4, 8, 16, 32].map(trainSignature).sort());
    expect(made.functions).toHaveLength(1);
    expect(made.signatures.train_4!.inputs.x!.shape).toEqual([4, null, 2]);
    const calls = made.nodes.filter((n) => n.op === 'StatefulPartitionedCall');
    expect(calls).toHaveLength(1 + 2 + 4 + 8 + 16 + 32);
    for (const call of calls) expect(call.attributes._XlaMustCompile).toEqual({ kind: 'bool', value: true });
    // Nothing of the step is left outside of the function.
    expect(made.nodes.some((n) => n.op === 'AssignAddVariableOp')).toBe(false);
  });
});
