import type { DType } from '../dtype';
import type { Value } from '../node';
import { decodeRaw } from '../ops/decode-raw';
import { ensureShape } from '../ops/ensure-shape';
import { readFile } from '../ops/read-file';
import { reshape } from '../ops/reshape';
import { slice } from '../ops/slice';

const bytesOf: Partial<Record<DType, number>> = { uint8: 1, int32: 4, float32: 4, int64: 8, float64: 8 };

/**
 * The numbers of a file as a tensor: what a dataset's variable is filled from, without passing through the host.
 *
 * @param path a string, fed as an input.
 * @param offset bytes to skip, a multiple of the element's size: the header of an .npy file (its length is a multiple of 64).
 * @throws when run, if the file does not hold exactly the elements of `shape` after the offset.
 */
export function loadBytes(
  path: Value,
  { dtype, shape, offset = 0 }: { readonly dtype: DType; readonly shape: readonly number[]; readonly offset?: number },
): Value {
  const bytes = bytesOf[dtype];
  if (bytes === undefined || !Number.isInteger(offset / bytes)) {
    throw new Error(
      `loadBytes: ${dtype} after ${offset} bytes cannot be read; the offset must be a multiple of the element's size`,
    );
  }
  const count = shape.reduce((n, d) => n * d, 1);
  // A reshape alone would not notice a file of another length: TensorFlow's graph optimizer trusts it and drops it.
  const all = ensureShape(decodeRaw(readFile(path), dtype), [offset / bytes + count]);
  return reshape(offset > 0 ? slice(all, [offset / bytes], [null]) : all, shape);
}
