import { defineModel } from './define-model';
import { basicBlock } from './resnet/blocks';
import { resnet } from './resnet/network';
import { resnetSettings } from './resnet/settings';

/** Four stages of two basic blocks, then the mean over positions: 512 features at width 64. */
export const resnet18 = defineModel({
  name: 'resnet18',
  title: 'ResNet-18',
  description: 'Four stages of two basic blocks, global average pooling, one linear layer.',
  source:
    'K. He, X. Zhang, S. Ren, J. Sun, Deep residual learning for image recognition, CVPR 2016, arXiv 1512.03385; layers, names and initialisation of torchvision.models.resnet18',
  kind: 'image',
  parameters: resnetSettings,
  build: resnet(basicBlock, [2, 2, 2, 2]),
  counts: [
    // torchvision.models.resnet18()
    { input: [224, 224, 3], classes: 1000, parameters: { stem: 'imagenet' }, count: 11_689_512 },
    { input: [32, 32, 3], classes: 10, parameters: {}, count: 11_173_962 },
    // the same class of torchvision with other widths: test/parity/golden/resnet.py
    { input: [8, 8, 3], classes: 3, parameters: { width: 4 }, count: 44_391 },
    {
      input: [32, 32, 3],
      classes: 3,
      parameters: { width: 2, stem: 'imagenet', normalisation: 'group' },
      count: 11_541,
    },
    {
      input: [32, 32, 3],
      classes: 3,
      parameters: { width: 2, stem: 'imagenet', normalisation: 'none' },
      count: 11_391,
    },
  ],
});
