import type { RunSpecInput } from '@minvar/contracts';
import { idKind, runSpecHash } from '@minvar/contracts';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { VersionLookup } from './experiment';
import { datasetRequest, expandExperiment, identifyRun, presetLabel } from './experiment';
import { defineExperiment } from './experiment-definition';
import type { Registries } from './registries';
import { applySet, settablePaths } from './set';
import { completeRunSpec } from './spec';
import { SpecError } from './spec-error';

const registries: Registries = {
  methods: {
    erm: { name: 'erm', parameters: z.strictObject({}) },
    'label-smoothing': {
      name: 'label-smoothing',
      parameters: z.strictObject({ alpha: z.number().min(0).max(1).default(0.1), others: z.boolean().default(false) }),
    },
    mixup: {
      name: 'mixup',
      parameters: z.strictObject({
        alpha: z.number().min(0).default(1),
        per: z.enum(['batch', 'example']).default('batch'),
      }),
    },
  },
  models: {
    'small-cnn': {
      name: 'small-cnn',
      parameters: z.strictObject({
        width: z.number().int().default(16),
        normalisation: z.enum(['batch', 'none']).default('batch'),
      }),
    },
    linear: { name: 'linear', parameters: z.strictObject({}) },
  },
  datasets: {
    mnist: { name: 'mnist', parameters: z.strictObject({}) },
    'coloured-mnist': {
      name: 'coloured-mnist',
      parameters: z.strictObject({
        strength: z.number().min(0).max(1).default(0.9),
        jitter: z.number().min(0).default(0),
        validation: z.boolean().default(false),
      }),
    },
  },
};
const base: RunSpecInput = {
  data: { name: 'coloured-mnist' },
  model: { name: 'small-cnn' },
  method: { name: 'label-smoothing' },
  epochs: 10,
};
const complete = (input: RunSpecInput): ReturnType<typeof completeRunSpec> => completeRunSpec(input, registries);
const error = (f: () => unknown): SpecError => {
  try {
    f();
  } catch (e) {
    if (e instanceof SpecError) return e;
    throw e;
  }
  throw new Error('expected a SpecError');
};

describe('completing a spec', () => {
  it('fills every default, also those of method, model and dataset', () => {
    expect(complete(base)).toEqual({
      data: {
        name: 'coloured-mnist',
        version: null,
        limit: null,
        strength: 0.9,
        jitter: 0,
        augmentation: 'none',
        parameters: { validation: false },
      },
      model: { name: 'small-cnn', width: 16, stem: null, normalisation: 'batch' },
      method: { name: 'label-smoothing', alpha: 0.1, others: false },
      optimizer: { name: 'adamw', lr: 1e-3, weightDecay: 0, schedule: 'constant' },
      epochs: 10,
      batchSize: 128,
      precision: 'fp32',
      dataOrder: 'shuffled',
      init: null,
      activationEpochs: [],
      seed: 0,
    });
  });

  it('gives equal hashes to equal meanings', () => {
    const spelt = complete({
      ...base,
      data: { name: 'coloured-mnist', strength: 0.9, parameters: { validation: null } },
      method: { name: 'label-smoothing', alpha: 0.1 },
      optimizer: { lr: 0.001 },
    });
    expect(runSpecHash(spelt)).toBe(runSpecHash(complete(base)));
    expect(complete(complete(base))).toEqual(complete(base));
  });

  it.each<[string, RunSpecInput, string, string]>([
    ['an unknown method', { ...base, method: { name: 'erms' } }, 'method.name', 'erm, label-smoothing, mixup'],
    [
      'a parameter that the method lacks',
      { ...base, method: { name: 'erm', alpha: 0.1 } },
      'method.alpha',
      "'erm' has no parameter 'alpha'",
    ],
    ['a parameter out of range', { ...base, method: { name: 'label-smoothing', alpha: 2 } }, 'method.alpha', '2'],
    [
      'a dial that the dataset lacks',
      { ...base, data: { name: 'mnist', jitter: 0.1 } },
      'data.jitter',
      "'mnist' has no jitter",
    ],
    [
      'a width for a model without one',
      { ...base, model: { name: 'linear', width: 4 } },
      'model.width',
      "'linear' has no parameter 'width'",
    ],
    [
      'a normalisation that the model lacks',
      { ...base, model: { name: 'small-cnn', normalisation: 'group' } },
      'model.normalisation',
      'group',
    ],
    ['NaN epochs', { ...base, epochs: Number.NaN }, 'epochs', 'epochs'],
    ['a learning rate of zero', { ...base, optimizer: { lr: 0 } }, 'optimizer.lr', '0'],
    ['a key that no spec has', { ...base, momentum: 1 } as never, 'momentum', 'momentum'],
  ])('refuses %s, naming it', (_, input, path, words) => {
    const e = error(() => complete(input));
    expect(e.path).toBe(path);
    expect(e.message).toContain(words);
  });

  it('asks data-ingest for the definition’s own parameters, the dials among them', () => {
    const wanted = datasetRequest('local', complete({ ...base, data: { name: 'coloured-mnist', jitter: 0.05 } }));
    expect(wanted).toMatchObject({
      name: 'coloured-mnist',
      parameters: { strength: 0.9, jitter: 0.05, validation: false },
    });
    expect(
      datasetRequest(
        'local',
        complete({ ...base, data: { name: 'coloured-mnist', jitter: 0.05, strength: 0.9, limit: 5 } }),
      ).ingestId,
    ).toBe(wanted.ingestId);
  });
});

describe('data.limit', () => {
  const version = { versionId: 'dsv', version: 'abc', trainExamples: 600 };
  it('may be as many as a version has, and no more', () => {
    const spec = (limit: number | null) => complete({ ...base, data: { name: 'coloured-mnist', limit } });
    expect(identifyRun('local', spec(600), version, null).spec.data.limit).toBe(600);
    expect(identifyRun('local', spec(null), version, null).spec.data.limit).toBeNull();
    expect(identifyRun('local', spec(601), { ...version, trainExamples: null }, null).spec.data.limit).toBe(601);
    const e = error(() => identifyRun('local', spec(601), version, null));
    expect([e.path, e.given]).toEqual(['data.limit', 601]);
    expect(e.message).toMatch(/601 .* 600 training examples of 'coloured-mnist' abc.*--set data\.limit=600.*null/);
  });
});

describe('--set', () => {
  it('changes the paths it names', () => {
    const spec = complete(
      applySet(
        base,
        [
          'epochs=3',
          'method.alpha=0.2',
          'model.normalisation=none',
          'optimizer.lr=1e-2',
          'data.jitter=0.05',
          'data.limit=500',
          'init.from=w.safetensors',
        ],
        registries,
      ),
    );
    expect(spec).toMatchObject({
      epochs: 3,
      method: { alpha: 0.2 },
      model: { normalisation: 'none' },
      optimizer: { lr: 0.01 },
      data: { jitter: 0.05, limit: 500, strength: 0.9 },
      init: { from: 'w.safetensors' },
    });
  });

  it.each([
    ['seed=3', 'seed'],
    ['data.name=mnist', 'data.name'],
    ['method.name=erm', 'method.name'],
    ['optimizer.momentum=.9', 'optimizer.momentum'],
    ['constructor.x=1', 'constructor.x'],
  ])('refuses %s and lists what may be set', (set, path) => {
    const e = error(() => applySet(base, [set], registries));
    expect(e.path).toBe(path);
    expect(e.message).toContain(settablePaths.join(', '));
  });

  it.each([
    ['epochs', 'set', 'path=value'],
    ['epochs=many', 'epochs', 'many'],
    ['epochs=-1', 'epochs', '-1'],
    ['optimizer.name=adam', 'optimizer.name', 'adam'],
    ['data.strength=1.5', 'data.strength', '1.5'],
    ['method.beta=1', 'method.beta', 'label-smoothing'],
  ])('refuses %s, naming path and value', (set, path, words) => {
    const e = error(() => applySet(base, [set], registries));
    expect(e.path).toBe(path);
    expect(e.message).toContain(words);
  });
});

const cell = (
  name: string,
  method: RunSpecInput['method'],
  jitter: number,
): { name: string; condition: string; arm: string; spec: RunSpecInput } => ({
  name,
  condition: `jitter ${jitter}`,
  arm: method.name,
  spec: { ...base, method, data: { name: 'coloured-mnist', jitter } },
});
const definition = defineExperiment({
  name: 'colour',
  title: 'Colour',
  description: '',
  claims: [],
  presets: {
    quick: {
      name: 'quick',
      description: '',
      cells: [
        cell('erm, 0', { name: 'erm' }, 0),
        cell('ls, 0', { name: 'label-smoothing' }, 0),
        cell('ls, .05', { name: 'label-smoothing' }, 0.05),
      ],
      firstSeed: 100,
      seeds: 6,
    },
    exact: { name: 'exact', description: '', cells: [], firstSeed: 0, seeds: 0 },
  },
  endpoints: () => [],
  columns: [],
});
const request = { projectId: 'local', preset: 'quick', seeds: null, set: [], freshNonce: null };
const all: VersionLookup = (w) => ({
  versionId: `dsv_${w.ingestId}`,
  version: w.ingestId.slice(4, 16),
  trainExamples: 60_000,
});
const none: VersionLookup = () => null;

describe('the name of a preset', () => {
  const quick = definition.presets.quick!;
  it('is its own while nothing that matters is changed', () => {
    expect(presetLabel(quick, null, [])).toBe('quick');
    expect(presetLabel(quick, 6, [])).toBe('quick');
  });
  it('says by a hash that seeds or settings differ, whatever their order and spelling', () => {
    const label = presetLabel(quick, 3, ['epochs=2', 'batchSize=64']);
    expect(label).toMatch(/^quick\+[0-9a-f]{8}$/);
    expect(presetLabel(quick, 3, ['batchSize=64.0', 'epochs=1', 'epochs=2'])).toBe(label);
    expect(presetLabel(quick, null, ['epochs=2', 'batchSize=64'])).not.toBe(label);
  });
});

describe('expanding an experiment', () => {
  it('asks for each missing dataset once, and has no runs until it exists', () => {
    const e = expandExperiment(definition, request, registries, none);
    expect(e.runs).toEqual([]);
    expect(e.waitingFor.map((w) => w.parameters.jitter)).toEqual([0, 0.05]);
  });

  it('gives cells × seeds, with ids that follow from specs', () => {
    const e = expandExperiment(definition, request, registries, all);
    expect(e.runs).toHaveLength(18);
    expect(e.runs.slice(0, 6).map((r) => r.seed)).toEqual([100, 101, 102, 103, 104, 105]);
    for (const r of e.runs) {
      expect(idKind(r.runId)).toBe('run');
      expect(r.specHash).toBe(runSpecHash(r.spec));
      expect(r.spec.data.version).not.toBeNull();
    }
    expect(new Set(e.runs.map((r) => r.runId)).size).toBe(18);
    expect(expandExperiment(definition, request, registries, all)).toEqual(e);
  });

  it('shares equal runs between presets and makes others when asked for fresh ones', () => {
    const some = expandExperiment(definition, { ...request, seeds: 2 }, registries, all);
    const ids = new Set(expandExperiment(definition, request, registries, all).runs.map((r) => r.runId));
    expect(some.label).not.toBe('quick');
    expect(some.runs.every((r) => ids.has(r.runId))).toBe(true);
    expect(
      expandExperiment(definition, { ...request, freshNonce: 'f' }, registries, all).runs.some((r) => ids.has(r.runId)),
    ).toBe(false);
  });

  it('applies a method’s parameter to the cells that have it, and refuses one that none has', () => {
    const e = expandExperiment(definition, { ...request, set: ['method.alpha=0.3'] }, registries, all);
    expect(new Set(e.runs.map((r) => r.spec.method.alpha))).toEqual(new Set([undefined, 0.3]));
    expect(error(() => expandExperiment(definition, { ...request, set: ['method.tau=1'] }, registries, all)).path).toBe(
      'method.tau',
    );
  });

  it('has nothing to run or wait for when the preset is all exact', () => {
    expect(expandExperiment(definition, { ...request, preset: 'exact' }, registries, none)).toEqual({
      label: 'exact',
      waitingFor: [],
      runs: [],
    });
  });

  it('refuses an unknown preset and a senseless number of seeds', () => {
    expect(
      error(() => expandExperiment(definition, { ...request, preset: 'slow' }, registries, all)).message,
    ).toContain('exact, quick');
    expect(error(() => expandExperiment(definition, { ...request, seeds: 0 }, registries, all)).path).toBe('seeds');
  });
});
