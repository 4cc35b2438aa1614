import type { RandomStream } from '@minvar/random';

/** Fills a parameter of that many values, in the order in which PyTorch stores them, from its own stream. */
export type Initialiser = (size: number, random: RandomStream) => Float32Array;

/**
 * U(−1/√fanIn, 1/√fanIn): what PyTorch's `nn.Linear` and `nn.Conv2d` do by default, weights (kaiming_uniform with a = √5) and biases
 * alike. fanIn = inputs of one output unit.
 */
export const uniformByFanIn =
  (fanIn: number): Initialiser =>
  (size, random) => {
    const bound = 1 / Math.sqrt(fanIn);
    return Float32Array.from({ length: size }, () => (2 * random.uniform() - 1) * bound);
  };

/** The same number everywhere. */
export const filledWith =
  (value: number): Initialiser =>
  (size) =>
    new Float32Array(size).fill(value);

/** N(0, 2/fanOut): `kaiming_normal_` with `mode='fan_out'` for ReLU, as torchvision's ResNets begin. fanOut = kernel area × output channels. */
export const kaimingNormalByFanOut =
  (fanOut: number): Initialiser =>
  (size, random) => {
    const deviation = Math.sqrt(2 / fanOut);
    return Float32Array.from({ length: size }, () => deviation * random.normal());
  };

/** Another initialisation times a number. */
export const scaledBy =
  (factor: number, initialise: Initialiser): Initialiser =>
  (size, random) =>
    initialise(size, random).map((value) => factor * value);
