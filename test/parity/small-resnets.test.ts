import './quiet';
import { adamw, adamwFeeds, input } from '@minvar/graph';
import { describe, expect, it } from 'vitest';
import { distance, images, labels } from './closed-form';
import type { Digest } from './closed-form';
import { golden } from './golden';
import { network, stepSignature, toTorch } from './network';
import type { NetworkOptions } from './network';

interface Golden {
  readonly partner: readonly number[];
  readonly lambdas: { readonly batch: readonly number[]; readonly example: readonly number[] };
  readonly cases: readonly {
    readonly kind: NetworkOptions['kind'];
    readonly method: string;
    readonly size: number;
    readonly settings: NetworkOptions['settings'];
    readonly loss: number;
    readonly gradients: Readonly<Record<string, Digest>>;
  }[];
  readonly statistics: {
    readonly losses: readonly number[];
    readonly tracked: Seen;
    readonly averaged: Seen;
  };
  readonly autocast: readonly (Pick<NetworkOptions, 'kind' | 'size' | 'settings'> & { readonly cosine: number })[];
}
interface Seen {
  readonly logits: readonly number[];
  readonly running: Readonly<Record<string, Digest>>;
}
const expected = golden<Golden>('small-resnets');
const [examples, classes] = [8, 5];
const unmixed = (count: number) => ({
  lambda: new Float64Array(count).fill(1),
  partner: Int32Array.from({ length: count }, (_, i) => i),
});

describe('losses and all gradients are PyTorch’s in float64', () => {
  it.each(expected.cases)('$method, $kind $settings on $size×$size', (c) => {
    const net = network({ ...c, classes, dtype: 'float64' });
    const { signature, numbers } = stepSignature(net, c.method);
    const session = net.open({ step: signature });
    const mixed = c.method.startsWith('mixup-')
      ? { lambda: expected.lambdas[c.method.slice(6) as 'batch'], partner: expected.partner }
      : unmixed(examples);
    const feeds = { x: images(examples, c.size), labels: labels(examples, classes), ...mixed, ...numbers };
    const { loss, ...slopes } = session.run('step', feeds);
    session.close();
    expect(Math.abs((loss!.data[0] as number) / c.loss - 1)).toBeLessThan(1e-11);
    expect(Object.keys(slopes).sort()).toEqual(Object.keys(c.gradients).sort());
    for (const { name, variable } of net.variables.parameters) {
      const slope = toTorch(slopes[name]!.data as Float64Array, variable.shape);
      expect(distance(slope, c.gradients[name]!), name).toBeLessThan(1e-9);
    }
  });
});

describe('running statistics', () => {
  it('are PyTorch’s after three steps, and after update_bn when averaged with momentum 1/k', () => {
    const net = network({ kind: 'resnet18', settings: { width: 8 }, size: 16, classes, dtype: 'float64' });
    const { signature, slopes, updates } = stepSignature(net, 'erm');
    const optimizer = adamw(
      net.variables.parameters.map((p, i) => ({ variable: p.variable, gradient: slopes[i]!, weightDecay: 0.01 })),
    );
    const momentum = input('momentum', 'float64', []);
    const averaging = net.build({ training: true, statistics: { momentum } });
    const session = net.open(
      {
        train: {
          inputs: { ...signature.inputs, ...optimizer.inputs },
          outputs: { loss: signature.outputs.loss },
          updates: [...optimizer.updates, ...updates],
        },
        statistics: { inputs: { x: net.x, momentum }, updates: averaging.updates },
        eval: {
          inputs: { x: net.x },
          outputs: {
            logits: net.build({ training: false }).out.logits,
            ...Object.fromEntries(net.variables.buffers.map((b) => [b.name, b.variable.value])),
          },
        },
      },
      optimizer.state,
    );
    const check = (golden: Seen) => {
      const { logits, ...running } = session.run('eval', { x: images(examples, 16) });
      expect(Object.keys(running).sort()).toEqual(Object.keys(golden.running).sort());
      for (const [name, f] of Object.entries(running))
        expect(distance(f.data as Float64Array, golden.running[name]!), name).toBeLessThan(1e-9);
      golden.logits.forEach((z, i) => expect(logits!.data[i]).toBeCloseTo(z, 8));
    };

    expected.statistics.losses.forEach((golden, k) => {
      const { loss } = session.run('train', {
        x: images(examples, 16, `images ${k}`),
        labels: labels(examples, classes),
        ...unmixed(examples),
        ...adamwFeeds({ step: k + 1, learningRate: 1e-3, dtype: 'float64' }),
      });
      expect(Math.abs((loss!.data[0] as number) / golden - 1)).toBeLessThan(1e-10);
    });
    check(expected.statistics.tracked);
    [3, 4, 5].forEach((k, i) =>
      session.run('statistics', { x: images(examples, 16, `images ${k}`), momentum: 1 / (i + 1) }),
    );
    check(expected.statistics.averaged);
    session.close();
  });
});

describe('bfloat16', () => {
  it.each(expected.autocast)('is as near to float32 as PyTorch’s autocast: $kind $settings at its own start', (c) => {
    const net = network({ ...c, classes, dtype: 'float32', damped: false });
    const session = net.open({
      wide: stepSignature(net, 'erm').signature,
      narrow: stepSignature(net, 'erm', { compute: 'bfloat16' }).signature,
    });
    const feeds = { x: images(16, c.size), labels: labels(16, classes), ...unmixed(16) };
    const [wide, narrow] = ['wide', 'narrow'].map((name) => {
      const { loss, ...slopes } = session.run(name, feeds);
      expect(loss!.shape).toEqual([]);
      return Object.values(slopes).flatMap((f) => Array.from(f.data as Float32Array));
    }) as [number[], number[]];
    session.close();
    const dot = (a: number[], b: number[]) => a.reduce((s, x, i) => s + x * b[i]!, 0);
    const cosine = dot(wide, narrow) / Math.sqrt(dot(wide, wide) * dot(narrow, narrow));
    // Which ReLUs the roundings turn is chance: hence the factor on what is lost.
    expect(1 - cosine).toBeLessThan(1.5 * (1 - c.cosine));
  });
});
