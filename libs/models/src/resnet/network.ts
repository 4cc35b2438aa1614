import { relu } from '@minvar/graph';
import type { Value } from '@minvar/graph';
import type { ModelInput, ModelOutput } from '../define-model';
import { conv } from '../layers/conv';
import { linear } from '../layers/linear';
import { norm } from '../layers/norm';
import { globalMean, stemPool } from '../layers/pool';
import { filterOf } from './blocks';
import type { Block } from './blocks';
import type { ResnetSettings } from './settings';

/**
 * A residual network of four stages with the given numbers of blocks: stem, stages of width, 2·width, 4·width and 8·width inner channels (all but
 * the first at stride 2), mean over positions, one linear layer. Names, order and initialisation of parameters are torchvision's
 * (`zero_init_residual=False`).
 */
export const resnet =
  (block: Block, blocks: readonly [number, number, number, number]) =>
  ({ scope, inputs, classes, parameters }: ModelInput<ResnetSettings>): ModelOutput => {
    const { width, stem, normalisation } = parameters;
    const depth = blocks.reduce((a, b) => a + b, 0);
    const first = stem === 'imagenet' ? { kernel: 7, stride: 2, padding: 3 } : { kernel: 3, stride: 1, padding: 1 };
    const convolved = conv(scope, 'conv1', inputs, {
      ...{ ...first, channels: width },
      ...filterOf(normalisation, first.kernel, width, 1),
    });
    const started = relu(norm(scope, 'bn1', convolved, normalisation));
    let x = stem === 'imagenet' ? stemPool(scope, started) : started;
    const stages: { name: string; value: Value }[] = [];
    blocks.forEach((count, i) => {
      for (let b = 0; b < count; b++) {
        const stride = i > 0 && b === 0 ? 2 : 1;
        x = block.layers(scope, `layer${i + 1}.${b}`, x, { planes: width * 2 ** i, stride, normalisation, depth });
      }
      stages.push({ name: `stage${i + 1}`, value: x });
    });
    const penultimate = globalMean(scope, x);
    return { stages, penultimate, logits: linear(scope, 'fc', penultimate, classes, { last: true }) };
  };
