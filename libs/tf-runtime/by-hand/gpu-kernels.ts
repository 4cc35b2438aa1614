import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { DatasetManifest, RunSpecInput } from '@minvar/contracts';
import { runSpecSchema } from '@minvar/contracts';
import type { NamedNode } from '@minvar/graph';
import { describeRun } from '../src/training/describe';
import { gpuPlan, withStepPlan } from '../src/training/step-plan';
import { trainingProgram } from '../src/training/training-program';

// Whether TensorFlow for CUDA has a kernel for every operation of the training programs, without a GPU: it loads on any machine and tells
// what it has. `node tools/by-hand.mjs libs/tf-runtime/by-hand/gpu-kernels.ts FOLDER`, FOLDER being that of libtensorflow_cc.so.2 as
// `node tools/tensorflow/setup.mjs --device cuda` leaves it.

type Case = readonly [
  model: string,
  method: string,
  optimizer: 'adamw' | 'sgd',
  precision: 'fp32' | 'bf16',
  settings: object,
];
const cases: readonly Case[] = [
  ['resnet18', 'mixup', 'adamw', 'fp32', { width: 8 }],
  ['resnet18', 'label-smoothing', 'sgd', 'bf16', { width: 8, stem: 'imagenet' }],
  ['resnet50', 'mixup', 'adamw', 'bf16', { width: 8 }],
  ['resnet101', 'erm', 'adamw', 'fp32', { width: 8, normalisation: 'group' }],
  ['small-cnn', 'mixup', 'adamw', 'fp32', { normalisation: 'layer' }],
  ['mlp', 'mixup', 'sgd', 'fp32', {}],
  ['linear', 'erm', 'sgd', 'bf16', {}],
];

const [classes, examples] = [10, 8];
function programOf([model, method, optimizer, precision, settings]: Case) {
  const image = !['mlp', 'linear'].includes(model);
  const shape = image ? [32, 32, 3] : [4];
  const dtype = image ? ('uint8' as const) : ('float32' as const);
  const plan = { examples, dtype, shape };
  const manifest = {
    name: 'none',
    classes: Array.from({ length: classes }, (_, k) => `${k}`),
    input: { kind: image ? 'image' : 'vector', shape, mean: shape.slice(-1).fill(0.5), std: shape.slice(-1).fill(0.5) },
  } as unknown as DatasetManifest;
  const input: RunSpecInput = {
    data: { name: 'none', augmentation: image ? 'crop-flip' : 'none' },
    model: { name: model, ...settings },
    method: { name: method },
    optimizer: { name: optimizer, weightDecay: 1e-3 },
    ...{ precision, epochs: 1 },
  };
  const spec = runSpecSchema.parse(input);
  return withStepPlan(trainingProgram(spec, manifest, plan, describeRun(spec, manifest)).program, gpuPlan);
}

const used = new Map<string, object>();
function use(where: 'graph' | 'function', { op, attributes }: NamedNode): void {
  const types = Object.entries(attributes).flatMap(([key, a]) => (a.kind === 'type' ? [[key, a.value] as const] : []));
  const entry = { where, op, types: Object.fromEntries(types) };
  used.set(JSON.stringify(entry), entry);
}
for (const c of cases) {
  const { nodes, functions = [] } = programOf(c);
  nodes.forEach((n) => use('graph', n));
  functions.forEach((f) => f.nodes.forEach((n) => use('function', n)));
}
const script = join(import.meta.dirname, '../../libs/tf-runtime/by-hand/gpu-kernels.py');
const { status } = spawnSync('python3', [script, process.argv[2] ?? '.'], {
  input: JSON.stringify([...used.values()]),
  stdio: ['pipe', 'inherit', 'inherit'],
});
process.exitCode = status ?? 1;
