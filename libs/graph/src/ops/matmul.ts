import { attribute, readAttribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, printValue, type Value } from '../node';
import { ofRank, sameType } from '../rules';

export const matmulOp = defineOp({
  op: 'MatMul',
  infer: ([a, b], attributes) => {
    sameType('matmul', a!, b!);
    ofRank('matmul', 'the first factor', a!, 2);
    ofRank('matmul', 'the second factor', b!, 2);
    const ta = readAttribute(attributes, 'transpose_a', 'bool');
    const tb = readAttribute(attributes, 'transpose_b', 'bool');
    const [m, k] = ta ? [a!.shape[1]!, a!.shape[0]!] : [a!.shape[0]!, a!.shape[1]!];
    const [l, n] = tb ? [b!.shape[1]!, b!.shape[0]!] : [b!.shape[0]!, b!.shape[1]!];
    if (k !== null && l !== null && k !== l) {
      throw new Error(`matmul: inner sizes ${k} and ${l} of ${printValue(a!)} and ${printValue(b!)} differ`);
    }
    return [{ dtype: a!.dtype, shape: [m, n] }];
  },
  // With A' = Aᵀ where transposed: y = A'B', dA' = g B'ᵀ, dB' = A'ᵀ g.
  gradient: ({ inputs: [a, b], attributes }, [g]) => {
    const transposeA = readAttribute(attributes, 'transpose_a', 'bool');
    const transposeB = readAttribute(attributes, 'transpose_b', 'bool');
    return [
      transposeA
        ? matmul(b!, g!, { transposeA: transposeB, transposeB: true })
        : matmul(g!, b!, { transposeB: !transposeB }),
      transposeB
        ? matmul(g!, a!, { transposeA: true, transposeB: transposeA })
        : matmul(a!, g!, { transposeA: !transposeA }),
    ];
  },
  examples: [
    {
      title: 'rows times a matrix',
      inputs: [spread([2, 3], { batch: true }), spread([3, 4])],
      build: (a, b) => matmul(a!, b!),
    },
    {
      title: 'the first transposed',
      inputs: [spread([3, 2], { batch: true }), spread([3, 4], { batch: true })],
      build: (a, b) => matmul(a!, b!, { transposeA: true }),
    },
    {
      title: 'the second transposed',
      inputs: [spread([2, 3], { batch: true }), spread([4, 3])],
      build: (a, b) => matmul(a!, b!, { transposeB: true }),
    },
    {
      title: 'both transposed',
      inputs: [spread([3, 2]), spread([4, 3], { batch: true })],
      build: (a, b) => matmul(a!, b!, { transposeA: true, transposeB: true }),
    },
  ],
});

/** Matrix product of two matrices, either transposed first. */
export const matmul = (a: Value, b: Value, { transposeA = false, transposeB = false } = {}): Value =>
  outputOf(
    createNode(matmulOp, [a, b], {
      T: attribute.type(a.dtype),
      transpose_a: attribute.bool(transposeA),
      transpose_b: attribute.bool(transposeB),
    }),
  );
