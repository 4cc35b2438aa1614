import './quiet';
import { beforeAll, describe, expect, it } from 'vitest';
import { distance, images, labels } from './closed-form';
import type { Digest } from './closed-form';
import { golden } from './golden';
import { network, stepSignature, toTorch } from './network';

interface Golden {
  readonly loss: number;
  readonly pytorch_float32_error: number;
  readonly gradients: Readonly<Record<string, Digest>>;
}
const expected = golden<Golden>('resnet18-step');
const [examples, size, classes] = [8, 32, 10];

function step(dtype: 'float32' | 'float64') {
  const net = network({ kind: 'resnet18', settings: {}, size, classes, dtype });
  const { signature } = stepSignature(net, 'erm');
  const session = net.open({ step: signature });
  const { loss, ...slopes } = session.run('step', {
    x: images(examples, size),
    labels: labels(examples, classes),
    lambda: new Float32Array(examples).fill(1),
    partner: Int32Array.from({ length: examples }, (_, i) => i),
  });
  session.close();
  const shapes = new Map(net.variables.parameters.map((p) => [p.name, p.variable.shape]));
  return {
    loss: loss!.data[0] as number,
    slopes: new Map(
      Object.entries(slopes).map(([name, f]) => [name, toTorch(f.data as Float64Array, shapes.get(name)!)]),
    ),
  };
}

describe('a training step of ResNet-18 at full width', () => {
  let exact: ReturnType<typeof step>;
  beforeAll(() => {
    exact = step('float64');
  }, 120_000);

  it('has PyTorch’s loss and 62 gradients, to 1e-9 of each tensor’s largest in float64', () => {
    expect(Math.abs(exact.loss / expected.loss - 1)).toBeLessThan(1e-11);
    expect([...exact.slopes.keys()].sort()).toEqual(Object.keys(expected.gradients).sort());
    expect(exact.slopes.size).toBe(62);
    for (const [name, slope] of exact.slopes)
      expect(distance(slope, expected.gradients[name]!), name).toBeLessThan(1e-9);
  });

  it('is as near to that in float32 as PyTorch’s own float32', () => {
    const single = step('float32');
    let [apart, all] = [0, 0];
    for (const [name, slope] of exact.slopes) {
      const other = single.slopes.get(name)!;
      for (let i = 0; i < slope.length; i++) {
        apart += (slope[i]! - other[i]!) ** 2;
        all += slope[i]! ** 2;
      }
    }
    expect(Math.abs(single.loss / expected.loss - 1)).toBeLessThan(1e-5);
    // Rounding turns a few ReLUs on or off, not the same ones in every engine: hence the factor.
    expect(Math.sqrt(apart / all)).toBeLessThan(3 * expected.pytorch_float32_error);
  });
});
