import { defineModel } from './define-model';
import { bottleneck } from './resnet/blocks';
import { resnet } from './resnet/network';
import { resnetSettings } from './resnet/settings';

/** Four stages of 3, 4, 6 and 3 bottleneck blocks, then the mean over positions: 2,048 features at width 64. */
export const resnet50 = defineModel({
  name: 'resnet50',
  title: 'ResNet-50',
  description: 'Four stages of 3, 4, 6 and 3 bottleneck blocks, global average pooling, one linear layer.',
  source:
    'K. He, X. Zhang, S. Ren, J. Sun, Deep residual learning for image recognition, CVPR 2016, arXiv 1512.03385; layers, names and initialisation of torchvision.models.resnet50',
  kind: 'image',
  parameters: resnetSettings,
  build: resnet(bottleneck, [3, 4, 6, 3]),
  counts: [
    // torchvision.models.resnet50()
    { input: [224, 224, 3], classes: 1000, parameters: { stem: 'imagenet' }, count: 25_557_032 },
    { input: [32, 32, 3], classes: 10, parameters: {}, count: 23_520_842 },
    // the same class of torchvision with other widths: test/parity/golden/resnet.py
    { input: [8, 8, 3], classes: 3, parameters: { width: 4 }, count: 95_399 },
    {
      input: [32, 32, 3],
      classes: 3,
      parameters: { width: 2, stem: 'imagenet', normalisation: 'group' },
      count: 25_045,
    },
    {
      input: [32, 32, 3],
      classes: 3,
      parameters: { width: 2, stem: 'imagenet', normalisation: 'none' },
      count: 24_215,
    },
  ],
});
