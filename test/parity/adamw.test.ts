import './quiet';
import { adamw, adamwFeeds, input, program, restoreSignature, saveSignature, variable } from '@minvar/graph';
import { openSession } from '@minvar/tf-runtime';
import { describe, expect, it } from 'vitest';
import { spread } from './closed-form';
import { golden } from './golden';

interface Golden {
  readonly cases: readonly {
    readonly size: number;
    readonly weight_decay: number;
    readonly path: readonly number[][];
  }[];
}
const { cases } = golden<Golden>('adamw');
const start = spread('weights', 6, 0, 2);

/** The weights after each of twenty steps on closed-form gradients, learning rate on a cosine. */
function path(dtype: 'float32' | 'float64', size: number, weightDecay: number, count: number): number[][] {
  const w = variable({ name: 'w', dtype, shape: [start.length] });
  const g = input('g', dtype, [start.length]);
  const { inputs, state, updates } = adamw([{ variable: w, gradient: g, weightDecay }]);
  const signatures = {
    restore: restoreSignature([w, ...state]),
    train: { inputs: { g, ...inputs }, updates },
    save: saveSignature([w]),
  };
  const session = openSession({ program: program({ signatures }) });
  session.run('restore', { w: start, ...Object.fromEntries(state.map((v) => [v.name, start.map(() => 0)])) });
  const made = Array.from({ length: count }, (_, t) => {
    const learningRate = (0.01 * (1 + Math.cos((Math.PI * t) / count))) / 2;
    const feeds = adamwFeeds({ step: t + 1, learningRate, dtype }) as Record<string, number>;
    const numbers = Object.fromEntries(Object.keys(inputs).map((name) => [name, feeds[name]!]));
    session.run('train', { g: spread(`gradient ${t}`, start.length, 0.25 * size, size), ...numbers });
    return Array.from(session.run('save')['w']!.data as Float64Array);
  });
  session.close();
  return made;
}

describe('twenty steps of AdamW on a falling learning rate', () => {
  // Relative to the length of the way, and twenty roundings of a weight of size 2.
  const bounds = { float64: [1e-12, 20 * 2 ** -52], float32: [1e-5, 20 * 2 ** -23] } as const;
  for (const { size, weight_decay: weightDecay, path: expected } of cases) {
    it.each(['float64', 'float32'] as const)(
      `are torch.optim.AdamW’s with gradients near ${size} and decay ${weightDecay}, in %s`,
      (dtype) => {
        const ours = path(dtype, size, weightDecay, expected.length);
        const way = Math.max(...expected.flatMap((w) => w.map((x, k) => Math.abs(x - start[k]!))));
        const apart = Math.max(...ours.flatMap((w, t) => w.map((x, k) => Math.abs(x - expected[t]![k]!))));
        const [relative, rounding] = bounds[dtype];
        expect(apart).toBeLessThan(relative * way + rounding);
      },
    );
  }
});
