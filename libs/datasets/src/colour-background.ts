import type { Digits } from './mnist-files';
import { nearestColour, palette } from './palette';
import type { Rgb } from './palette';
import type { DataStream } from './random';

const side = 28;
const pixels = side * side;
const corners = [0, side - 1, pixels - side, pixels - 1];

/** How a split chooses its background colours: the palette index for each label in turn. */
export type ColourRule = (labels: Int32Array, random: DataStream) => Int32Array;

const colours = palette.length;
/** `agree` with probability `strength`, otherwise one of the other colours, each equally likely. */
const biased = (agree: number, strength: number, random: DataStream): number =>
  random.uniform() < strength ? agree : (agree + 1 + random.below(colours - 1)) % colours;

/** The class's own colour with probability ρ. */
export const classColour =
  (strength: number): ColourRule =>
  (labels, random) =>
    labels.map((y) => biased(y, strength, random));
/** The colour of class 9 − k with probability ρ. */
export const reversedColour =
  (strength: number): ColourRule =>
  (labels, random) =>
    labels.map((y) => biased(colours - 1 - y, strength, random));
/** Any colour, whatever the class. */
export const randomColour: ColourRule = (labels, random) => labels.map(() => random.below(colours));
/** No colour at all: black, attribute −1. */
export const noColour: ColourRule = (labels) => labels.map(() => -1);
/** Every class meets every colour equally often (±1 where a class has no multiple of ten examples), in random order. */
export const balancedColour: ColourRule = (labels, random) => {
  const out = new Int32Array(labels.length);
  for (let k = 0; k < colours; k++) {
    const members = [...labels.keys()].filter((i) => labels[i] === k);
    const order = random.permutation(members.length);
    const first = random.below(colours);
    order.forEach((member, rank) => (out[members[member]!] = (first + rank) % colours));
  }
  return out;
};

const clip = (x: number): number => Math.min(1, Math.max(0, x));

/** 3×256 bytes: channel and ink → quantised pixel, ink · white + (1 − ink) · colour. */
function shades(rgb: Rgb): Uint8Array {
  const table = new Uint8Array(3 * 256);
  for (let c = 0; c < 3; c++)
    for (let v = 0; v < 256; v++) table[256 * c + v] = Math.round(255 * (v / 255 + (1 - v / 255) * rgb[c]!));
  return table;
}

/**
 * Digits over coloured backgrounds: pixel = ink · white + (1 − ink) · colour, n×28×28×3 bytes. The colour is the palette's plus
 * one Gaussian offset an image and channel with standard deviation `jitter`, clipped to [0, 1]; bytes are rounded last.
 * Decodability is the share of images whose attribute is the palette colour nearest to the mean of the four corner pixels.
 */
export async function paint(
  digits: Digits,
  attributes: Int32Array,
  jitter: number,
  random: DataStream,
  breathe: () => Promise<void>,
): Promise<{ inputs: Uint8Array; decodability: number | null }> {
  const inputs = new Uint8Array(digits.examples * pixels * 3);
  const still = palette.map((p) => shades(p.rgb));
  const black = shades([0, 0, 0]);
  let decoded = 0;
  let coloured = 0;
  for (let i = 0; i < digits.examples; i++) {
    if (i % 2048 === 2047) await breathe();
    const attribute = attributes[i]!;
    let table = black;
    if (attribute >= 0) {
      const offset = (x: number): number => clip(x + jitter * random.normal());
      const [r, g, b] = palette[attribute]!.rgb;
      table = jitter === 0 ? still[attribute]! : shades([offset(r), offset(g), offset(b)]);
    }
    const from = i * pixels;
    for (let p = 0, to = from * 3; p < pixels; p++) {
      const ink = digits.ink[from + p]!;
      inputs[to++] = table[ink]!;
      inputs[to++] = table[256 + ink]!;
      inputs[to++] = table[512 + ink]!;
    }
    if (attribute >= 0) {
      const mean = (c: number): number =>
        corners.reduce((sum, p) => sum + inputs[(from + p) * 3 + c]!, 0) / (255 * corners.length);
      coloured++;
      if (nearestColour([mean(0), mean(1), mean(2)]) === attribute) decoded++;
    }
  }
  return { inputs, decodability: coloured === 0 ? null : decoded / coloured };
}
