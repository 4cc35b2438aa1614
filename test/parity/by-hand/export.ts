// By hand: `export.mjs KIND OUT IMAGE…` writes a freshly initialised ResNet with the ImageNet stem as model.safetensors, under running statistics of the
// given images, beside those images and the logits that the engine gives them; compare.py then asks torchvision. See test/parity/README.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeNpy, encodeSafetensors } from '@minvar/contracts';
import type { NamedTensor } from '@minvar/contracts';
import { constant, input, program, restoreSignature, saveSignature } from '@minvar/graph';
import { completeModelParameters, findModel, modelVariables } from '@minvar/models';
import { stream } from '@minvar/random';
import { openSession } from '@minvar/tf-runtime';
import sharp from 'sharp';
import { fromTorch, torchShape, toTorch } from '../network';

const [kind, out, ...files] = process.argv.slice(2);
if (!kind || !out || files.length < 2) {
  process.stderr.write(
    'export: KIND (resnet18, resnet50, resnet101), a folder to write into, and two images or more\n',
  );
  process.exit(2);
}
const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

const decoded = await Promise.all(
  files.map((file) => sharp(file).removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })),
);
const { height, width } = decoded[0]!.info;
const pixels = Float32Array.from(
  decoded.flatMap(({ data }) => [...data]),
  (byte) => (byte / 255 - 0.5) / 0.25,
);

const model = findModel(kind);
const x = input('x', 'float32', [null, height, width, 3]);
const variables = modelVariables();
const parameters = completeModelParameters(model, { stem: 'imagenet' });
const build = (scope: ReturnType<typeof variables.open>['scope']) =>
  model.build({ scope, inputs: x, classes: 1000, parameters });
const { logits } = build(variables.open({ training: false }).scope);
const averaging = variables.open({ training: true, statistics: { momentum: constant(1) } });
build(averaging.scope);
const own = [...variables.parameters, ...variables.buffers].map((v) => v.variable);
const session = openSession({
  program: program({
    signatures: {
      restore: restoreSignature(own),
      statistics: { inputs: { x }, updates: averaging.updates },
      eval: { inputs: { x }, outputs: { logits } },
      save: saveSignature(own),
    },
  }),
});
const init = stream({ seed: 0, purpose: 'init' });
session.run('restore', {
  ...Object.fromEntries(
    variables.parameters.map(({ name, variable: { shape }, initialise }) => [
      name,
      fromTorch(initialise(sizeOf(shape), init.fork(name)), shape),
    ]),
  ),
  ...Object.fromEntries(
    variables.buffers.map(({ name, initial, variable: { shape } }) => [
      name,
      new Float32Array(sizeOf(shape)).fill(initial),
    ]),
  ),
});
session.run('statistics', { x: pixels });
const seen = session.run('eval', { x: pixels })['logits']!;
const saved = session.run('save');
session.close();

const tensors: Record<string, NamedTensor> = {};
for (const { name, shape } of own) {
  tensors[name] = {
    shape: torchShape(shape),
    data: Float32Array.from(toTorch(saved[name]!.data as Float32Array, shape)),
  };
  if (name.endsWith('.running_mean'))
    tensors[name.replace('running_mean', 'num_batches_tracked')] = { shape: [], data: BigInt64Array.of(1n) };
}
mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'model.safetensors'), encodeSafetensors(tensors));
writeFileSync(join(out, 'images.npy'), encodeNpy(pixels, [files.length, height, width, 3]));
writeFileSync(join(out, 'logits.npy'), encodeNpy(seen.data as Float32Array, seen.shape));
process.stdout.write(`${kind}: ${files.length} images of ${height}×${width}, ${own.length} tensors\n`);
