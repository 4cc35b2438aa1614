import type { RunSpec } from '@minvar/contracts';
import { liveSplits } from '@minvar/tf-runtime';

export const methods = ['erm', 'label-smoothing', 'mixup'] as const;
export const precisions = ['fp32', 'bf16'] as const;
export type Precision = (typeof precisions)[number];

/** What every subject of a training benchmark does: the same network, batch, method and precision. */
export interface TrainCase {
  /** `step`: steps only, no augmentation. `epoch`: a whole epoch with crop-flip, evaluation and measurement. */
  readonly kind: 'step' | 'epoch';
  readonly width: number;
  readonly batchSize: number;
  readonly method: (typeof methods)[number];
  readonly precision: Precision;
  /** training and test images */
  readonly examples: number;
  readonly testExamples: number;
}

/** How many examples of each split a run looks at after an epoch: the peer's script looks at as many. */
export function measuredOf({ examples, testExamples }: Pick<TrainCase, 'examples' | 'testExamples'>): {
  readonly train: number;
  readonly test: number;
} {
  const [train, test] = liveSplits({
    splits: [
      { name: 'train', examples },
      { name: 'test', examples: testExamples },
    ],
  });
  return { train: train!.examples, test: test!.examples };
}

export const nameOf = (c: TrainCase): string => `${c.kind} ResNet-18 width ${c.width} ${c.method} ${c.precision}`;

/**
 * Floating-point operations of one image in one training step of ResNet-18 with the CIFAR stem at 32×32: two for each multiply-add of the
 * convolutions and the last layer, three passes (forward, gradient of inputs, gradient of weights). 3.33e9 at width 64.
 */
export function flopsPerImage(width: number): number {
  let side = 32;
  let channels = width;
  let multiplyAdds = 3 * 9 * width * side ** 2;
  for (let stage = 0; stage < 4; stage++) {
    const out = width * 2 ** stage;
    if (stage > 0) {
      side /= 2;
      multiplyAdds += channels * out * side ** 2;
    }
    multiplyAdds += (channels * out + 3 * out * out) * 9 * side ** 2;
    channels = out;
  }
  return 3 * 2 * (multiplyAdds + channels * 10);
}

/** The case as a run of this project; more epochs than are ever worked through, since a subject is told when to end. */
export function specOf(c: TrainCase, version: string): RunSpec {
  return {
    data: {
      name: 'cifar10',
      version,
      limit: null,
      strength: null,
      jitter: null,
      augmentation: c.kind === 'epoch' ? 'crop-flip' : 'none',
      parameters: {},
    },
    model: { name: 'resnet18', width: c.width, stem: 'cifar', normalisation: 'batch' },
    method: {
      erm: { name: 'erm' },
      'label-smoothing': { name: 'label-smoothing', alpha: 0.1, convention: 'all' },
      mixup: { name: 'mixup', alpha: 1, lambda: 'batch' },
    }[c.method],
    optimizer: { name: 'adamw', lr: 1e-3, weightDecay: 5e-4, schedule: 'constant' },
    epochs: 100_000,
    batchSize: c.batchSize,
    precision: c.precision,
    dataOrder: 'shuffled',
    init: null,
    activationEpochs: [],
    seed: 0,
  };
}
