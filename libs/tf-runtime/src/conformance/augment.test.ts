import '../testing/quiet';
import { input, program } from '@minvar/graph';
import { completeMethodParameters, findMethod } from '@minvar/methods';
import { stream } from '@minvar/random';
import { describe, expect, it } from 'vitest';
import { openSession } from '../session';
import { cropFlip, cropFlipInputs, drawCropFlip } from '../training/augment';
import { standardise, unitScale } from '../training/normalise';

// What a training step does to its inputs, whole and exactly: bytes, crop and flip, standardisation, Mixup; against loops over pixels here.
const [examples, height, width, channels, classes] = [9, 12, 10, 3, 4];
const margin = 4;
const shape = [height, width, channels] as const;
const count = height * width * channels;
const bytes = Uint8Array.from({ length: examples * count }, (_, i) => (i * 73 + Math.floor(i / 11) * 29) % 256);
const labels = Int32Array.from({ length: examples }, (_, i) => (3 * i) % classes);
const statistics = { kind: 'image', shape: [...shape], mean: [0.49, 0.48, 0.45], std: [0.25, 0.24, 0.26] } as const;
const f = Math.fround;

const drawn = drawCropFlip(examples, [height, width], stream({ seed: 4, purpose: 'augment', epoch: 1, step: 2 }));
const mixup = findMethod('mixup');

/** The image padded by zeros on all sides, cut out at (top, left), mirrored or not. */
function cutOut(image: Float32Array, top: number, left: number, mirrored: boolean): Float32Array {
  const paddedWidth = width + 2 * margin;
  const padded = new Float32Array((height + 2 * margin) * paddedWidth * channels);
  for (let h = 0; h < height; h++) {
    for (let w = 0; w < width * channels; w++) {
      padded[((h + margin) * paddedWidth + margin) * channels + w] = image[h * width * channels + w]!;
    }
  }
  const out = new Float32Array(count);
  for (let h = 0; h < height; h++) {
    for (let w = 0; w < width; w++) {
      for (let c = 0; c < channels; c++) {
        const from = left + (mirrored ? width - 1 - w : w);
        out[(h * width + w) * channels + c] = padded[((top + h) * paddedWidth + from) * channels + c]!;
      }
    }
  }
  return out;
}

/** Offset into the padded image and direction, as drawn for example i. */
function placeOf(i: number): [number, number, boolean] {
  const first = drawn.columns[i * width]!;
  const mirrored = drawn.columns[i * width + 1]! < first;
  return [drawn.rows[i * height]! + margin, first - (mirrored ? width - 1 : 0) + margin, mirrored];
}

const sliced = (x: Float32Array, i: number, size: number) => x.subarray(i * size, (i + 1) * size);

/** In the order of the graph and with its roundings. */
function byHand(lambda: Float32Array, partner: Int32Array) {
  const unit = Float32Array.from(bytes, (b) => f(b * f(1 / 255)));
  const cropped = Float32Array.from(
    Array.from({ length: examples }, (_, i) => [...cutOut(sliced(unit, i, count), ...placeOf(i))]).flat(),
  );
  const standardised = cropped.map((v, i) => {
    const scale = 1 / statistics.std[i % channels]!;
    return f(f(v * f(scale)) + f(-statistics.mean[i % channels]! * scale));
  });
  const mix = (x: Float32Array, size: number) =>
    Float32Array.from({ length: examples * size }, (_, j) => {
      const [i, k] = [Math.floor(j / size), j % size];
      return f(f(x[j]! * lambda[i]!) + f(x[partner[i]! * size + k]! * f(1 - lambda[i]!)));
    });
  const oneHot = new Float32Array(examples * classes);
  labels.forEach((label, i) => (oneHot[i * classes + label] = 1));
  return { cropped, mixed: mix(standardised, count), targets: mix(oneHot, classes) };
}

function inTheGraph(lambda: Float32Array, partner: Int32Array) {
  const raw = input('raw', 'uint8', [null, ...shape]);
  const crop = cropFlipInputs([height, width]);
  const fed = {
    labels: input('labels', 'int32', [null]),
    lambda: input('lambda', 'float32', [null]),
    partner: input('partner', 'int32', [null]),
  };
  const cropped = cropFlip(unitScale(raw, 'image'), crop);
  const batch = { ...fed, inputs: standardise(cropped, { ...statistics } as never), classes, fed: {} };
  const parameters = completeMethodParameters(mixup, {});
  const outputs = { cropped, mixed: mixup.inputs(batch, parameters), targets: mixup.targets(batch, parameters) };
  const session = openSession({
    program: program({ signatures: { run: { inputs: { raw, ...crop, ...fed }, outputs } } }),
  });
  const result = session.run('run', { raw: bytes, ...drawn, labels, lambda, partner });
  session.close();
  return Object.fromEntries(Object.entries(result).map(([key, { data }]) => [key, data as Float32Array]));
}

describe('crop, flip, standardise and mix in the graph', () => {
  it.each(['batch', 'example'])('equal loops over pixels in float32, bit for bit, with one λ a %s', (lambda) => {
    const random = stream({ seed: 4, purpose: 'mix', epoch: 1, step: 2 });
    const draw = mixup.draw(completeMethodParameters(mixup, { lambda }), examples, random)!;
    const expected = byHand(draw.lambda, draw.partner);
    const made = inTheGraph(draw.lambda, draw.partner);
    expect(made['cropped']).toEqual(expected.cropped);
    expect(made['targets']).toEqual(expected.targets);
    expect(made['mixed']).toEqual(expected.mixed);
  });

  it('is tried on images that are moved both ways, mirrored and not', () => {
    const places = Array.from({ length: examples }, (_, i) => placeOf(i));
    expect(new Set(places.map(([, , mirrored]) => mirrored))).toEqual(new Set([true, false]));
    for (const k of [0, 1]) {
      expect(places.some((p) => (p[k] as number) < margin)).toBe(true);
      expect(places.some((p) => (p[k] as number) > margin)).toBe(true);
    }
  });
});
