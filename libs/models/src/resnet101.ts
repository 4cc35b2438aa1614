import { defineModel } from './define-model';
import { bottleneck } from './resnet/blocks';
import { resnet } from './resnet/network';
import { resnetSettings } from './resnet/settings';

/** Four stages of 3, 4, 23 and 3 bottleneck blocks, then the mean over positions: 2,048 features at width 64. */
export const resnet101 = defineModel({
  name: 'resnet101',
  title: 'ResNet-101',
  description: 'Four stages of 3, 4, 23 and 3 bottleneck blocks, global average pooling, one linear layer.',
  source:
    'K. He, X. Zhang, S. Ren, J. Sun, Deep residual learning for image recognition, CVPR 2016, arXiv 1512.03385; layers, names and initialisation of torchvision.models.resnet101',
  kind: 'image',
  parameters: resnetSettings,
  build: resnet(bottleneck, [3, 4, 23, 3]),
  counts: [
    // torchvision.models.resnet101()
    { input: [224, 224, 3], classes: 1000, parameters: { stem: 'imagenet' }, count: 44_549_160 },
    { input: [32, 32, 3], classes: 10, parameters: {}, count: 42_512_970 },
    // the same class of torchvision with other widths: test/parity/golden/resnet.py
    { input: [8, 8, 3], classes: 3, parameters: { width: 4 }, count: 172_647 },
    {
      input: [32, 32, 3],
      classes: 3,
      parameters: { width: 2, stem: 'imagenet', normalisation: 'none' },
      count: 43_527,
    },
  ],
});
