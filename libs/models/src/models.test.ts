import { input } from '@minvar/graph';
import { describe, expect, it } from 'vitest';
import { completeModelParameters, findModel } from './complete';
import { groupsOf } from './layers/norm';
import { models } from './registry.gen';
import { modelVariables } from './scope';
import { smallCnn } from './small-cnn';

describe('model settings', () => {
  it('fill in defaults; null means the default', () => {
    expect(completeModelParameters(smallCnn, { width: null, normalisation: null })).toEqual({
      width: 16,
      normalisation: 'batch',
    });
    expect(smallCnn.defaults).toEqual({ width: 16, stem: null, normalisation: 'batch' });
  });

  it('are refused by name and value', () => {
    expect(() => completeModelParameters(smallCnn, { stem: 'cifar' })).toThrow("'small-cnn': it has no setting 'stem'");
    expect(() => completeModelParameters(smallCnn, { width: 0 })).toThrow('width is 0');
    expect(() => findModel('resnet')).toThrow(
      "model 'resnet' is unknown; there are linear, mlp, resnet101, resnet18, resnet50, small-cnn",
    );
  });
});

describe('groups of group normalisation', () => {
  it('are 32 from 64 channels on, fewer below, with two channels or more in each', () => {
    expect([1, 2, 4, 6, 8, 16, 48, 64, 128, 512].map(groupsOf)).toEqual([1, 1, 2, 3, 4, 8, 24, 32, 32, 32]);
    expect(groupsOf(7)).toBe(1);
    expect(groupsOf(100)).toBe(25);
  });
});

describe('every model', () => {
  for (const model of Object.values(models)) {
    it(`${model.name} has the known number of parameters, and as many logits as classes`, () => {
      for (const known of model.counts) {
        const variables = modelVariables();
        const { scope } = variables.open({ training: false });
        const parameters = completeModelParameters(model as never, known.parameters) as never;
        const built = model.build({
          scope,
          inputs: input('x', 'float32', [null, ...known.input]),
          classes: known.classes,
          parameters,
        });
        expect(built.logits.shape).toEqual([null, known.classes]);
        expect(built.penultimate.shape).toHaveLength(2);
        const size = (shape: readonly (number | null)[]): number => shape.reduce<number>((a, b) => a * b!, 1);
        expect(variables.parameters.reduce((n, p) => n + size(p.variable.shape), 0)).toBe(known.count);
        expect(variables.parameters.filter((p) => p.group === 'last-layer').map((p) => p.name)).toEqual(['fc.weight']);
      }
    });

    it(`${model.name} finds the same variables when it is built for evaluation after training`, () => {
      const known = model.counts[0]!;
      const variables = modelVariables();
      const parameters = completeModelParameters(model as never, known.parameters) as never;
      const x = input('x', 'float32', [null, ...known.input]);
      for (const training of [true, false]) {
        const { scope, updates } = variables.open({ training });
        const before = [...variables.parameters, ...variables.buffers];
        model.build({ scope, inputs: x, classes: known.classes, parameters });
        if (!training) {
          expect([...variables.parameters, ...variables.buffers]).toEqual(before);
          expect(updates).toEqual([]);
        } else {
          expect(updates).toHaveLength(variables.buffers.length);
        }
      }
    });
  }
});
