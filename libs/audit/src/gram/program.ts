import { assign, assignAdd, cast, constant, fill, input, matmul, program, variable } from '@minvar/graph';
import type { Program } from '@minvar/graph';

/** Signatures: `clear`; `add` (`rows`, n × width, shifted) adds their Gram matrix, worked out in float32, to a float64 sum; `sum` answers it. */
export function gramProgram(width: number): Program {
  const sum = variable({ name: 'gram', dtype: 'float64', shape: [width, width] });
  const rows = input('rows', 'float32', [null, width]);
  const block = cast(matmul(rows, rows, { transposeA: true }), 'float64');
  const zeros = fill([width, width], constant(0, { dtype: 'float64' }));
  return program({
    signatures: {
      clear: { updates: [assign(sum, zeros)] },
      add: { inputs: { rows }, updates: [assignAdd(sum, block)] },
      sum: { outputs: { gram: sum.value } },
    },
  });
}
