import { attribute, readAttribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, printValue, type Value } from '../node';
import { sameType } from '../rules';
import { compatible } from '../shape';

export const batchMatmulOp = defineOp({
  op: 'BatchMatMulV2',
  infer: ([a, b], attributes) => {
    sameType('batchMatmul', a!, b!);
    const lead = a!.shape.slice(0, -2);
    const last = (v: Value, adjoint: boolean) => (adjoint ? [...v.shape.slice(-2)].reverse() : v.shape.slice(-2));
    const [m, k] = last(a!, readAttribute(attributes, 'adj_x', 'bool'));
    const [l, n] = last(b!, readAttribute(attributes, 'adj_y', 'bool'));
    if (a!.shape.length < 2 || !compatible(lead, b!.shape.slice(0, -2)) || !compatible([k!], [l!])) {
      throw new Error(`batchMatmul: ${printValue(a!)} and ${printValue(b!)} do not fit (leading axes must be equal)`);
    }
    return [{ dtype: a!.dtype, shape: [...lead.map((d, i) => d ?? b!.shape[i]!), m!, n!] }];
  },
  gradient: ({ inputs: [a, b], attributes }, [g]) => {
    const transposeA = readAttribute(attributes, 'adj_x', 'bool');
    const transposeB = readAttribute(attributes, 'adj_y', 'bool');
    return [
      transposeA
        ? batchMatmul(b!, g!, { transposeA: transposeB, transposeB: true })
        : batchMatmul(g!, b!, { transposeB: !transposeB }),
      transposeB
        ? batchMatmul(g!, a!, { transposeA: true, transposeB: transposeA })
        : batchMatmul(a!, g!, { transposeA: !transposeA }),
    ];
  },
  examples: [false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => ({
      title: `two products, transposed: ${transposeA}, ${transposeB}`,
      inputs: [
        spread(transposeA ? [2, 3, 2] : [2, 2, 3], { batch: true }),
        spread(transposeB ? [2, 4, 3] : [2, 3, 4], { batch: true }),
      ],
      build: (a?: Value, b?: Value) => batchMatmul(a!, b!, { transposeA, transposeB }),
    })),
  ),
});

/** Products of the matrices in the last two axes; leading axes are equal. */
export const batchMatmul = (a: Value, b: Value, { transposeA = false, transposeB = false } = {}): Value =>
  outputOf(
    createNode(batchMatmulOp, [a, b], {
      T: attribute.type(a.dtype),
      adj_x: attribute.bool(transposeA),
      adj_y: attribute.bool(transposeB),
    }),
  );
