import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { decodeNpy } from '@minvar/contracts';
import type * as TensorFlowJs from '@tensorflow/tfjs';
import { readOrder, say } from '../orders';
import type { TrainCase } from './cases';

// Stock TensorFlow.js as a subject: ResNet-18 of its layers, its Adam, op by op, on the same library and the same images.
const { dataDir, trainCase } = JSON.parse(process.argv[2]!) as { dataDir: string; trainCase: TrainCase };
const util = createRequire(import.meta.url)('node:util') as { isNullOrUndefined?: (x: unknown) => boolean };
util.isNullOrUndefined ??= (x) => x === null || x === undefined;
const tf = createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu') as typeof TensorFlowJs;

const { width, batchSize, method } = trainCase;
const pixels = decodeNpy(readFileSync(join(dataDir, 'data/train-inputs.npy')), 'train-inputs.npy');
const labels = decodeNpy(readFileSync(join(dataDir, 'data/train-labels.npy')), 'train-labels.npy');
const images = tf.tensor(Int32Array.from(pixels.data as Uint8Array), [...pixels.shape], 'int32');
const classes = tf.tensor1d(labels.data as Int32Array, 'int32');

function convolved(x: TensorFlowJs.SymbolicTensor, filters: number, kernelSize: number, strides: number) {
  const y = tf.layers.conv2d({ filters, kernelSize, strides, padding: 'same', useBias: false }).apply(x);
  return tf.layers.batchNormalization({ epsilon: 1e-5, momentum: 0.9 }).apply(y) as TensorFlowJs.SymbolicTensor;
}
const relu = (x: TensorFlowJs.SymbolicTensor) => tf.layers.reLU().apply(x) as TensorFlowJs.SymbolicTensor;

function block(x: TensorFlowJs.SymbolicTensor, filters: number, stride: number) {
  const y = convolved(relu(convolved(x, filters, 3, stride)), filters, 3, 1);
  const shortcut = stride === 1 && x.shape.at(-1) === filters ? x : convolved(x, filters, 1, stride);
  return relu(tf.layers.add().apply([y, shortcut]) as TensorFlowJs.SymbolicTensor);
}

const inputs = tf.input({ shape: [32, 32, 3] });
let x = relu(convolved(inputs, width, 3, 1));
for (let stage = 0; stage < 4; stage++) {
  x = block(x, width * 2 ** stage, stage === 0 ? 1 : 2);
  x = block(x, width * 2 ** stage, 1);
}
const logits = tf.layers.dense({ units: 10 }).apply(tf.layers.globalAveragePooling2d({}).apply(x));
const model = tf.model({ inputs, outputs: logits as TensorFlowJs.SymbolicTensor });
const optimizer = tf.train.adam(1e-3);

function step(): void {
  const order = Int32Array.from({ length: batchSize }, () => Math.floor(Math.random() * trainCase.examples));
  tf.tidy(() => {
    const raw = tf.gather(images, order).toFloat().div(255).sub(0.5).div(0.29);
    const hard = tf.oneHot(tf.gather(classes, order), 10).toFloat();
    const lambda = method === 'mixup' ? Math.random() : 1;
    const partner = tf.tensor1d(Int32Array.from(tf.util.createShuffledIndices(batchSize)), 'int32');
    const mix = (t: TensorFlowJs.Tensor) => t.mul(lambda).add(tf.gather(t, partner).mul(1 - lambda));
    const mixed = method === 'mixup' ? mix(raw) : raw;
    const targets = method === 'mixup' ? mix(hard) : method === 'label-smoothing' ? hard.mul(0.9).add(0.1 / 10) : hard;
    const loss = optimizer.minimize(
      () => tf.losses.softmaxCrossEntropy(targets, model.apply(mixed, { training: true }) as TensorFlowJs.Tensor),
      true,
    )!;
    loss.dataSync();
  });
}

step();
say({});
for (;;) {
  const { verb, argument } = readOrder();
  if (verb === 'gemm') say({ flops: null });
  if (verb === 'steps') {
    const began = performance.now();
    for (let i = 0; i < Number(argument); i++) step();
    say({ seconds: (performance.now() - began) / 1000 });
  }
}
