import { assign, assignAdd, cast, constant, fill, input, matmul, program, variable } from '@minvar/graph';
import type { Program } from '@minvar/graph';

/** Columns of the activations that form a block: the Gram matrix is symmetric, so only blocks on and above its diagonal are worked out. */
export const blockWidth = 512;

/** Where the blocks begin and how wide they are. */
export const columnBlocks = (width: number): { readonly from: number; readonly size: number }[] =>
  Array.from({ length: Math.ceil(width / blockWidth) }, (_, b) => ({
    from: b * blockWidth,
    size: Math.min(blockWidth, width - b * blockWidth),
  }));

export const rowsName = (block: number): string => `rows${block}`;
export const gramName = (above: number, left: number): string => `gram${above}-${left}`;

/**
 * Signatures: `clear`; `add` (`rows0`, `rows1`, …: blocks of columns, n × size each) adds the products of all pairs of blocks, worked out in
 * float32, to float64 sums; `sum` answers those.
 */
export function gramProgram(width: number): Program {
  const blocks = columnBlocks(width);
  const rows = blocks.map(({ size }, b) => input(rowsName(b), 'float32', [null, size]));
  const pairs = blocks.flatMap((_, j) =>
    blocks.slice(0, j + 1).map((__, i) => {
      const shape = [blocks[i]!.size, blocks[j]!.size];
      const sum = variable({ name: gramName(i, j), dtype: 'float64', shape });
      const product = cast(matmul(rows[i]!, rows[j]!, { transposeA: true }), 'float64');
      const zeros = fill(shape, constant(0, { dtype: 'float64' }));
      return { sum, added: assignAdd(sum, product), cleared: assign(sum, zeros) };
    }),
  );
  return program({
    signatures: {
      clear: { updates: pairs.map((p) => p.cleared) },
      add: {
        inputs: Object.fromEntries(rows.map((r, b) => [rowsName(b), r])),
        updates: pairs.map((p) => p.added),
      },
      sum: { outputs: Object.fromEntries(pairs.map((p) => [p.sum.name, p.sum.value])) },
    },
  });
}
