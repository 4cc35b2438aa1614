import { add, relu } from '@minvar/graph';
import type { Value } from '@minvar/graph';
import { filledWith, kaimingNormalByFanOut, scaledBy } from '../initialise';
import { conv } from '../layers/conv';
import { norm } from '../layers/norm';
import type { Normalisation } from '../layers/norm';
import type { Scope } from '../scope';

export interface BlockOptions {
  /** channels inside; the block's output has `expansion` times as many */
  readonly planes: number;
  readonly stride: number;
  readonly normalisation: Normalisation;
  /** residual blocks of the whole network */
  readonly depth: number;
}

/** A residual block: `expansion` output channels for each inner one, and its layers on x: n × H × W × C under names that begin with `name`. */
export interface Block {
  readonly expansion: number;
  readonly layers: (scope: Scope, name: string, x: Value, options: BlockOptions) => Value;
}

interface Part {
  readonly kernel: number;
  readonly channels: number;
  readonly stride: number;
}

/** Two 3×3 convolutions; the stride is on the first. */
export const basicBlock: Block = {
  expansion: 1,
  layers: (scope, name, x, options) =>
    residual(scope, name, x, options, [
      { kernel: 3, channels: options.planes, stride: options.stride },
      { kernel: 3, channels: options.planes, stride: 1 },
    ]),
};

/** 1×1 down, 3×3, 1×1 up to four times the channels; the stride is on the 3×3, as torchvision has it ("ResNet v1.5"). */
export const bottleneck: Block = {
  expansion: 4,
  layers: (scope, name, x, options) =>
    residual(scope, name, x, options, [
      { kernel: 1, channels: options.planes, stride: 1 },
      { kernel: 3, channels: options.planes, stride: options.stride },
      { kernel: 1, channels: 4 * options.planes, stride: 1 },
    ]),
};

/** relu(branch(x) + shortcut(x)); the shortcut is x itself where it fits, else a 1×1 convolution `downsample.0` with its normalisation. */
function residual(scope: Scope, name: string, x: Value, options: BlockOptions, parts: readonly Part[]): Value {
  const { normalisation, stride } = options;
  const last = parts.length - 1;
  let branch = x;
  parts.forEach(({ kernel, channels, stride }, i) => {
    const convolved = conv(scope, `${name}.conv${i + 1}`, branch, {
      ...{ kernel, channels, stride, padding: (kernel - 1) / 2 },
      ...filterOf(normalisation, kernel, channels, i === last ? 0 : options.depth ** (-1 / (2 * parts.length - 2))),
    });
    const normalised = norm(scope, `${name}.bn${i + 1}`, convolved, normalisation);
    branch = i === last ? normalised : relu(normalised);
  });
  const channels = parts[last]!.channels;
  if (stride === 1 && x.shape[3] === channels) return relu(add(branch, x));
  const shortcut = conv(scope, `${name}.downsample.0`, x, {
    ...{ kernel: 1, channels, stride, padding: 0 },
    ...filterOf(normalisation, 1, channels, 1),
  });
  return relu(add(branch, norm(scope, `${name}.downsample.1`, shortcut, normalisation)));
}

/**
 * How a filter begins: N(0, 2/fan_out) as in torchvision. Without normalisation a sum over blocks would double its variance at each of them, so
 * there, besides biases, branches follow Fixup (Zhang, Dauphin, Ma, ICLR 2019, arXiv 1901.09321): the last filter of each is zero, the others
 * are scaled by depth^(−1/(2m−2)), m filters a branch.
 */
export function filterOf(normalisation: Normalisation, kernel: number, channels: number, fixup: number) {
  const usual = kaimingNormalByFanOut(kernel * kernel * channels);
  if (normalisation !== 'none') return { bias: false, initialise: usual };
  return { bias: true, initialise: fixup === 0 ? filledWith(0) : scaledBy(fixup, usual) };
}
