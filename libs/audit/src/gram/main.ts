import { openSession } from '@minvar/tf-runtime';
import { openNpy } from '../npy/npy-file';
import type { NpyFile } from '../npy/npy-file';
import { gramProgram } from './program';
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
  const session = openSession({ program: gramProgram(width) });
  try {
    session.run('clear');
    const shifted = new Float32Array(Math.min(block, rows) * width);
    for (let from = 0; from < rows; from += block) {
      const to = Math.min(rows, from + block);
      const values = file.read(from, to);
      const part = shifted.subarray(0, values.length);
      for (let at = 0; at < values.length;) for (let j = 0; j < width; j++, at++) part[at] = values[at]! - shift[j]!;
      session.run('add', { rows: { data: part, shape: [to - from, width] } });
    }
    return { gram: session.run('sum').gram!.data as Float64Array, shift };
  } finally {
    session.close();
  }
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
