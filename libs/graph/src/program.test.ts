import { describe, expect, it } from 'vitest';
import {
  adamw,
  assign,
  assignAdd,
  biasAdd,
  constant,
  gradients,
  input,
  matmul,
  mul,
  printProgram,
  program,
  readAfter,
  reduceMean,
  restoreSignature,
  saveSignature,
  square,
  sub,
  toSavedModel,
  variable,
} from './index';

function regression(scale = 1) {
  const x = input('x', 'float32', [null, 2]);
  const w = variable({ name: 'w', shape: [2, 1] });
  const b = variable({ name: 'b', shape: [1] });
  const loss = reduceMean(square(mul(biasAdd(matmul(x, w.value), b.value), scale)));
  const [gw, gb] = gradients(loss, [w, b]);
  const step = adamw([
    { variable: w, gradient: gw!, weightDecay: 0.1 },
    { variable: b, gradient: gb!, weightDecay: 0 },
  ]);
  return program({
    signatures: {
      restore: restoreSignature([w, b, ...step.state]),
      train: { inputs: { x, ...step.inputs }, outputs: { loss }, updates: step.updates },
      save: saveSignature([w, b]),
    },
  });
}

/** Everything that runs before a node, by data or by control. */
function before(made: ReturnType<typeof program>, name: string): Set<string> {
  const byName = new Map(made.nodes.map((n) => [n.name, n]));
  const found = new Set<string>();
  const visit = (n: string) => {
    for (const i of byName.get(n)!.inputs) {
      const source = i.replace(/^\^/, '').replace(/:\d+$/, '');
      if (!found.has(source)) {
        found.add(source);
        visit(source);
      }
    }
  };
  visit(name);
  return found;
}

const nodeOf = (tensor: string) => tensor.replace(/:\d+$/, '');

describe('a program', () => {
  it('is the same bytes when it is built the same way again, and others when it is not', () => {
    const bytes = toSavedModel(regression());
    expect(toSavedModel(regression())).toEqual(bytes);
    expect(toSavedModel(regression(2))).not.toEqual(bytes);
  });

  it('lists each node after what it uses, and no node twice', () => {
    const seen = new Set<string>();
    for (const n of regression().nodes) {
      for (const i of n.inputs) expect(seen).toContain(i.replace(/^\^/, '').replace(/:\d+$/, ''));
      expect(seen).not.toContain(n.name);
      seen.add(n.name);
    }
  });

  it('reads a variable once for forward, backward and every signature', () => {
    const reads = regression().nodes.filter((n) => n.op === 'ReadVariableOp' && n.inputs[0] === 'w');
    expect(reads).toHaveLength(1);
  });

  it('runs every update after all gradients and reads, and hands outputs over after all updates', () => {
    const made = regression();
    const train = made.signatures['train']!;
    const result = before(made, nodeOf(train.outputs['loss']!.tensor));
    const updates = made.nodes.filter((n) => ['ResourceApplyAdam', 'AssignSubVariableOp'].includes(n.op));
    expect(updates).toHaveLength(3);
    const gradientsOfBoth = updates.filter((n) => n.op === 'ResourceApplyAdam').map((n) => n.inputs[9]!);
    const reads = made.nodes
      .filter((n) => n.op === 'ReadVariableOp' && ['w', 'b'].includes(n.inputs[0]!))
      .map((n) => n.name);
    for (const u of updates) {
      expect(result).toContain(u.name);
      const earlier = before(made, u.name);
      for (const needed of [...gradientsOfBoth, ...reads]) expect(earlier).toContain(needed);
    }
  });

  it('decays a weight before the step of Adam on it', () => {
    const made = regression();
    const decay = made.nodes.find((n) => n.op === 'AssignSubVariableOp')!;
    const adam = made.nodes.find((n) => n.op === 'ResourceApplyAdam' && n.inputs[0] === 'w')!;
    expect(before(made, adam.name)).toContain(decay.name);
  });

  it('lets an update use what another has written, when asked', () => {
    const v = variable({ name: 'v', shape: [] });
    const first = assign(v, constant(1));
    const second = assignAdd(v, readAfter(v, [first]));
    const made = program({ signatures: { s: { updates: [first, second] } } });
    expect(before(made, made.nodes.find((n) => n.op === 'AssignAddVariableOp')!.name)).toContain('AssignVariableOp_0');
  });

  it('says how float64, booleans and bytes cross', () => {
    const x = input('x', 'float64', [null, 3]);
    const { inputs, outputs } = program({ signatures: { s: { inputs: { x }, outputs: { y: sub(x, 1) } } } }).signatures[
      's'
    ]!;
    expect(inputs['x']).toEqual({ tensor: 'x:0', dtype: 'float64', shape: [null, 3], wire: 'int32' });
    expect(outputs['y']).toMatchObject({ dtype: 'float64', shape: [null, 3], wire: 'int32' });
  });

  it('hands over `done` where there is nothing else', () => {
    const v = variable({ name: 'v', shape: [] });
    const { signatures } = program({ signatures: { init: { updates: [assign(v, constant(1))] } } });
    expect(Object.keys(signatures['init']!.outputs)).toEqual(['done']);
  });

  it('refuses an input that a signature needs and does not list', () => {
    const x = input('x', 'float32', []);
    expect(() => program({ signatures: { s: { outputs: { y: mul(x, 2) } } } })).toThrow(
      'the signature s needs the input "x"',
    );
  });

  it('refuses one update in two signatures, and equal names', () => {
    const v = variable({ name: 'v', shape: [] });
    const u = assign(v, constant(1));
    expect(() => program({ signatures: { a: { updates: [u] }, b: { updates: [u] } } })).toThrow(
      'one update serves a and b',
    );
    const other = variable({ name: 'v', shape: [] });
    const message = 'two nodes are named "v"; rename a variable or an input';
    expect(() => program({ signatures: { s: { outputs: { a: v.value, b: other.value } } } })).toThrow(message);
    expect(() => saveSignature([v, other])).toThrow('two variables are named v');
  });

  it('prints itself', () => {
    const x = input('x', 'float32', [null]);
    expect(printProgram(program({ signatures: { twice: { inputs: { x }, outputs: { y: mul(x, 2) } } } }))).toBe(
      [
        'twice(x: float32[?]) -> (y: float32[?])',
        'x = Placeholder() {dtype=float32, shape=[?]}',
        'Const_0 = Const() {dtype=float32, value=float32[] 2}',
        'Mul_0 = Mul(x, Const_0) {T=float32}',
        'Identity_0 = Identity(Mul_0) {T=float32}',
        '',
      ].join('\n'),
    );
  });
});
