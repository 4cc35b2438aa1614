import { openSession } from '@minvar/tf-runtime';
import type { Fetched } from '@minvar/tf-runtime';
import { openNpy } from '../npy/npy-file';
import type { NpyFile } from '../npy/npy-file';
import { columnBlocks, gramName, gramProgram, rowsName } from './program';
import type { GramAnswer, GramRequest } from './protocol';

// The one process of an audit that loads TensorFlow: the Gram matrix of the activations takes n · width² multiplications.

/** Rows of one matrix product: enough to be fast, few enough for float32 to add up exactly enough. */
const block = 1024;

/** Mean of the first block: near enough to the mean that what is left has no digits to lose. */
function shiftOf(file: NpyFile): Float64Array {
  const n = Math.min(block, file.rows);
  const values = file.read(0, n);
  const shift = new Float64Array(file.width);
  for (let i = 0; i < n; i++) for (let j = 0; j < file.width; j++) shift[j]! += values[i * file.width + j]! / n;
  return shift;
}

function gramOf(file: NpyFile): { gram: Float64Array; shift: Float64Array } {
  const { rows, width } = file;
  const shift = shiftOf(file);
  const columns = columnBlocks(width);
  const session = openSession({ program: gramProgram(width) });
  try {
    session.run('clear');
    const buffers = columns.map(({ size }) => new Float32Array(Math.min(block, rows) * size));
    for (let start = 0; start < rows; start += block) {
      const n = Math.min(block, rows - start);
      const values = file.read(start, start + n);
      const feeds = columns.map(({ from, size }, b) => {
        const data = buffers[b]!.subarray(0, n * size);
        for (let i = 0, at = 0; i < n; i++)
          for (let j = from; j < from + size; j++, at++) data[at] = values[i * width + j]! - shift[j]!;
        return [rowsName(b), { data, shape: [n, size] }] as const;
      });
      session.run('add', Object.fromEntries(feeds));
    }
    return { gram: assembled(session.run('sum'), width), shift };
  } finally {
    session.close();
  }
}

/** The blocks on and above the diagonal as one symmetric matrix. */
function assembled(sums: Readonly<Record<string, Fetched>>, width: number): Float64Array {
  const columns = columnBlocks(width);
  const gram = new Float64Array(width * width);
  columns.forEach((right, j) => {
    columns.slice(0, j + 1).forEach((left, i) => {
      const data = sums[gramName(i, j)]!.data as Float64Array;
      for (let r = 0; r < left.size; r++)
        for (let c = 0; c < right.size; c++) {
          const value = data[r * right.size + c]!;
          gram[(left.from + r) * width + right.from + c] = value;
          gram[(right.from + c) * width + left.from + r] = value;
        }
    });
  });
  return gram;
}

process.on('disconnect', () => process.exit(0));
process.on('message', ({ activations }: GramRequest) => {
  let answer: GramAnswer;
  try {
    const file = openNpy('--activations', activations);
    answer = { ok: true, ...gramOf(file) };
    file.close();
  } catch (e) {
    answer = { ok: false, message: (e as Error).message };
  }
  process.send!(answer, () => process.disconnect());
});
