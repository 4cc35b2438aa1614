import '../testing/quiet';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  assign,
  assignAdd,
  assignSub,
  biasAdd,
  cast,
  constant,
  gather,
  gradients,
  input,
  loadBytes,
  matmul,
  mul,
  oneHot,
  program,
  reduceMean,
  restoreSignature,
  saveSignature,
  softmaxCrossEntropy,
  square,
  sub,
  variable,
} from '@minvar/graph';
import { afterAll, describe, expect, it } from 'vitest';
import { loadTensorFlow } from './addon';
import { openSession } from './open-session';

const scratch = mkdtempSync(join(tmpdir(), 'minvar-session-'));
afterAll(() => rmSync(scratch, { recursive: true }));

function leastSquares() {
  const x = input('x', 'float32', [null, 2]);
  const y = input('y', 'float32', [null, 1]);
  const lr = input('lr', 'float32', []);
  const w = variable({ name: 'w', shape: [2, 1] });
  const steps = variable({ name: 'steps', dtype: 'int32', shape: [] });
  const loss = reduceMean(square(sub(matmul(x, w.value), y)));
  const [g] = gradients(loss, [w]);
  return program({
    signatures: {
      restore: restoreSignature([w, steps]),
      save: saveSignature([w, steps]),
      train: {
        inputs: { x, y, lr },
        outputs: { loss },
        updates: [assignSub(w, mul(g!, lr)), assignAdd(steps, constant(1, { dtype: 'int32' }))],
      },
    },
  });
}

describe('a session', () => {
  it('trains by a graph: least squares finds the weights that made the data', () => {
    const session = openSession({ program: leastSquares() });
    session.run('restore', { w: [0, 0], steps: 0 });
    const x = [1, 0, 0, 1, 1, 1, 2, -1];
    const y = [3, -2, 1, 8];
    for (let i = 0; i < 200; i++) session.run('train', { x, y, lr: 0.1 });
    const { w, steps } = session.run('save');
    expect(w!.shape).toEqual([2, 1]);
    expect(w!.data[0]).toBeCloseTo(3, 4);
    expect(w!.data[1]).toBeCloseTo(-2, 4);
    expect(Array.from(steps!.data as Int32Array)).toEqual([200]);
    session.close();
  });

  it('hands over a loss computed before the update of the same run', () => {
    const session = openSession({ program: leastSquares() });
    session.run('restore', { w: [1, 1], steps: 0 });
    const { loss } = session.run('train', { x: [1, 2], y: [0], lr: 0.01 });
    expect(loss!.data[0]).toBe(9);
    expect(Array.from(session.run('save')['w']!.data as Float32Array)).toEqual([
      Math.fround(1 - Math.fround(0.01) * 6),
      Math.fround(1 - Math.fround(0.01) * 12),
    ]);
    session.close();
  });

  it('keeps the variables of two sessions of one program apart', () => {
    const made = leastSquares();
    const [a, b] = [openSession({ program: made }), openSession({ program: made })];
    a.run('restore', { w: [1, 2], steps: 1 });
    b.run('restore', { w: [3, 4], steps: 2 });
    expect(Array.from(a.run('save')['w']!.data as Float32Array)).toEqual([1, 2]);
    a.close();
    expect(Array.from(b.run('save')['w']!.data as Float32Array)).toEqual([3, 4]);
    b.close();
  });

  it('hands variables no memory of JavaScript’s, and never changes what it was fed', () => {
    const held = Array.from({ length: 50 }, (_, i) => variable({ name: `v${i}`, shape: [4] }));
    const less = held.map((v) => assignSub(v, constant(new Float32Array(v.shape[0]!).fill(1))));
    const session = openSession({
      program: program({
        signatures: { restore: restoreSignature(held), train: { updates: less }, save: saveSignature(held) },
      }),
    });
    const weights = Object.fromEntries(held.map((v) => [v.name, new Float32Array(v.shape[0]!).fill(5)]));
    for (let i = 0; i < 100; i++) {
      session.run('restore', weights);
      session.run('train');
    }
    const saved = session.run('save');
    for (const v of held) {
      expect(new Set(weights[v.name]!)).toEqual(new Set([5]));
      expect(new Set(saved[v.name]!.data as Float32Array)).toEqual(new Set([4]));
    }
    session.close();
  });

  it('leaves no tensor behind', () => {
    const session = openSession({ program: leastSquares() });
    session.run('restore', { w: [0, 0], steps: 0 });
    const before = loadTensorFlow().tensorCount();
    for (let i = 0; i < 100; i++) session.run('train', { x: [1, 0, 0, 1], y: [1, 2], lr: 0.1 });
    for (let i = 0; i < 10; i++) expect(() => session.run('train', { x: [1, 0], y: [1, 2], lr: 0.1 })).toThrow();
    expect(loadTensorFlow().tensorCount()).toBe(before);
    session.close();
  });

  it('carries every type across exactly', () => {
    const doubles = input('doubles', 'float64', [null]);
    const integers = input('integers', 'int32', [null, 2]);
    const long = input('long', 'int64', []);
    const bytes = input('bytes', 'uint8', [3]);
    const yes = input('yes', 'bool', [2]);
    const session = openSession({
      program: program({
        signatures: {
          echo: { inputs: { doubles, integers, long, bytes, yes }, outputs: { doubles, integers, long, bytes, yes } },
        },
      }),
    });
    const sent = [Math.PI, -0, 5e-324, 1.7976931348623157e308, Infinity, 1 + Number.EPSILON];
    const got = session.run('echo', {
      doubles: sent,
      integers: [1, -2, 2147483647, -2147483648],
      long: 9007199254740991,
      bytes: Uint8Array.of(0, 128, 255),
      yes: [1, 0],
    });
    expect(got['doubles']).toEqual({ shape: [6], data: Float64Array.from(sent) });
    expect(got['integers']).toEqual({ shape: [2, 2], data: Int32Array.of(1, -2, 2147483647, -2147483648) });
    expect(got['long']!.data).toEqual(BigInt64Array.of(9007199254740991n));
    expect(got['bytes']!.data).toEqual(Int32Array.of(0, 128, 255));
    expect(got['yes']!.data).toEqual(Int32Array.of(1, 0));
    session.close();
  });

  it('names the wrong feed', () => {
    const session = openSession({ program: leastSquares() });
    expect(() => session.run('train', { x: [1, 2, 3], y: [1], lr: 0.1 })).toThrow(
      'the input train.x is float32[?, 2] and was fed 3 elements',
    );
    expect(() => session.run('train', { x: [1, 2], y: [1] })).toThrow('the signature train is not fed lr');
    expect(() => session.run('restore', { w: [0, 0], steps: 0.5 })).toThrow(
      'the input restore.steps is int32 and was fed 0.5 at 0',
    );
    expect(() => session.run('evaluate')).toThrow('the program has no signature evaluate; it has restore, save, train');
    session.close();
    expect(() => session.run('save')).toThrow('closed');
  });

  it('says what kind of failure a run met', () => {
    const path = input('path', 'string', []);
    const v = variable({ name: 'v', dtype: 'float32', shape: [4] });
    const session = openSession({
      program: program({
        signatures: {
          load: { inputs: { path }, updates: [assign(v, loadBytes(path, { dtype: 'float32', shape: [4] }))] },
        },
      }),
    });
    const kindOf = (work: () => unknown) => {
      try {
        work();
      } catch (error) {
        return (error as { failure?: { kind: string } }).failure?.kind;
      }
      return 'no failure';
    };
    expect(kindOf(() => session.run('load', { path: join(scratch, 'absent') }))).toBe('BAD_DATA');
    writeFileSync(join(scratch, 'short'), new Uint8Array(8));
    expect(kindOf(() => session.run('load', { path: join(scratch, 'short') }))).toBe('BAD_DATA');
    const simple = program({ signatures: { s: { outputs: { sum: constant(1) } } } });
    const broken = {
      ...simple,
      nodes: simple.nodes.map((n) => ({ ...n, op: n.op === 'Const' ? 'NoSuchOp' : n.op })),
    };
    expect(kindOf(() => openSession({ program: broken }))).toBe('BAD_SPEC');
    session.close();
  });

  it('fills a variable from a file, skipping a header, as bytes and as numbers', () => {
    const path = input('path', 'string', []);
    const pixels = variable({ name: 'pixels', dtype: 'uint8', shape: [2, 3] });
    const numbers = variable({ name: 'numbers', shape: [2] });
    const session = openSession({
      program: program({
        signatures: {
          bytes: {
            inputs: { path },
            updates: [assign(pixels, loadBytes(path, { dtype: 'uint8', shape: [2, 3], offset: 64 }))],
          },
          floats: {
            inputs: { path },
            updates: [assign(numbers, loadBytes(path, { dtype: 'float32', shape: [2], offset: 64 }))],
          },
          save: saveSignature([pixels, numbers]),
        },
      }),
    });
    const file = (name: string, body: Uint8Array) => {
      writeFileSync(join(scratch, name), Buffer.concat([Buffer.alloc(64, 7), body]));
      return join(scratch, name);
    };
    session.run('bytes', { path: file('bytes', Uint8Array.of(1, 2, 3, 4, 5, 255)) });
    session.run('floats', { path: file('floats', new Uint8Array(Float32Array.of(1.5, -2).buffer)) });
    const got = session.run('save');
    expect(got['pixels']).toEqual({ shape: [2, 3], data: Int32Array.of(1, 2, 3, 4, 5, 255) });
    expect(got['numbers']).toEqual({ shape: [2], data: Float32Array.of(1.5, -2) });
    session.close();
  });
});

describe('softmax regression on images in a variable', () => {
  it('learns to tell two patterns apart, feeding indices only', () => {
    const indices = input('indices', 'int32', [null]);
    const images = variable({ name: 'images', dtype: 'uint8', shape: [4, 6] });
    const labels = variable({ name: 'labels', dtype: 'int32', shape: [4] });
    const w = variable({ name: 'fc.weight', shape: [6, 2] });
    const b = variable({ name: 'fc.bias', shape: [2] });
    const x = mul(cast(gather(images.value, indices), 'float32'), 1 / 255);
    const logits = biasAdd(matmul(x, w.value), b.value);
    const loss = reduceMean(softmaxCrossEntropy(logits, oneHot(gather(labels.value, indices), 2)));
    const [gw, gb] = gradients(loss, [w, b]);
    const session = openSession({
      program: program({
        signatures: {
          restore: restoreSignature([images, labels, w, b]),
          train: { inputs: { indices }, outputs: { loss }, updates: [assignSub(w, gw!), assignSub(b, gb!)] },
          eval: { inputs: { indices }, outputs: { logits } },
        },
      }),
    });
    session.run('restore', {
      images: [255, 200, 255, 0, 0, 9, 0, 0, 0, 255, 255, 255, 250, 255, 255, 10, 0, 0, 0, 9, 0, 240, 255, 255],
      labels: [0, 1, 0, 1],
      'fc.weight': new Float32Array(12),
      'fc.bias': new Float32Array(2),
    });
    const first = session.run('train', { indices: [0, 1, 2, 3] })['loss']!.data[0] as number;
    expect(first).toBeCloseTo(Math.LN2, 6);
    for (let i = 0; i < 50; i++) session.run('train', { indices: [i % 4, (i + 1) % 4] });
    const { logits: z } = session.run('eval', { indices: [0, 1, 2, 3] });
    const right = [0, 1, 2, 3].map((i) => (z!.data[2 * i]! > z!.data[2 * i + 1]! ? 0 : 1));
    expect(right).toEqual([0, 1, 0, 1]);
    session.close();
  });
});
