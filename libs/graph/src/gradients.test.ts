import { describe, expect, it } from 'vitest';
import {
  add,
  constant,
  gradients,
  input,
  matmul,
  maxPool,
  mul,
  reduceSum,
  square,
  stopGradient,
  variable,
} from './index';

const x = input('x', 'float32', [null, 3]);

describe('gradients', () => {
  it('have the type and shape of what they are taken by', () => {
    const w = variable({ name: 'w', shape: [3, 2] });
    const [gx, gw] = gradients(reduceSum(square(matmul(x, w.value))), [x, w]);
    expect(gx).toMatchObject({ dtype: 'float32', shape: [null, 3] });
    expect(gw).toMatchObject({ dtype: 'float32', shape: [3, 2] });
  });

  it('refuse a loss that is not one number', () => {
    expect(() => gradients(x, [x])).toThrow('the loss should be one floating-point number, not float32[?, 3]');
    expect(() => gradients(constant(1, { dtype: 'int32' }), [x])).toThrow('not int32[]');
  });

  it('name what the loss does not depend on', () => {
    const w = variable({ name: 'unused.weight', shape: [3] });
    expect(() => gradients(reduceSum(x), [w])).toThrow('the loss does not depend on unused.weight');
    expect(() => gradients(reduceSum(stopGradient(x)), [x])).toThrow('does not depend on Placeholder float32[?, 3]');
  });

  it('say why a rule is missing', () => {
    const images = input('images', 'float32', [1, 4, 4, 1]);
    const [g] = gradients(reduceSum(square(maxPool(images, { size: 2, strides: 2 }))), [images]);
    expect(() => gradients(reduceSum(square(g!)), [images])).toThrow('MaxPoolGrad has no gradient rule');
  });

  it('go through a chain longer than the stack is deep', () => {
    let y = reduceSum(x);
    for (let i = 0; i < 12_000; i++) y = add(mul(y, 0.5), 1);
    expect(gradients(y, [x])[0]!.shape).toEqual([null, 3]);
  });
});
