import './quiet';
import { describe, expect, it } from 'vitest';
import { distance, images } from './closed-form';
import type { Digest } from './closed-form';
import { golden } from './golden';
import { network, torchShape } from './network';
import type { NetworkOptions } from './network';

interface Golden {
  readonly networks: Readonly<
    Record<NetworkOptions['kind'], { readonly tensors: readonly string[]; readonly logits: Digest }>
  >;
}
const { networks } = golden<Golden>('torchvision-logits');

describe.each(['resnet18', 'resnet50', 'resnet101'] as const)('%s with the ImageNet stem', (kind) => {
  it('has torchvision’s tensors and its logits, to 1e-4', () => {
    const net = network({ kind, settings: { stem: 'imagenet' }, size: 64, classes: 1000, dtype: 'float32' });
    const { logits } = net.build({ training: false }).out;
    const tensors = [...net.variables.parameters, ...net.variables.buffers].flatMap(({ name, variable }) => [
      `${name} [${torchShape(variable.shape).join(', ')}]`,
      ...(name.endsWith('.running_mean') ? [`${name.replace('running_mean', 'num_batches_tracked')} []`] : []),
    ]);
    expect(tensors.sort()).toEqual(networks[kind].tensors);
    const session = net.open({ eval: { inputs: { x: net.x }, outputs: { logits } } });
    const made = session.run('eval', { x: images(2, 64) })['logits']!;
    session.close();
    expect(distance(made.data as Float32Array, networks[kind].logits)).toBeLessThan(1e-4);
  });
});
