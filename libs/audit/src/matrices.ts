import { AuditInputError } from './input-error';
import type { NpyFile } from './npy/npy-file';

/** Checks that activations are a matrix, one row an example, and labels a list of as many. */
export function checkActivations(file: NpyFile): void {
  const { name, shape, rows, width } = file;
  if (shape.length === 1)
    throw new AuditInputError(
      `${name}: shape (${rows},), but a matrix is needed, one row an example; are these the labels, or did x.flatten() make it one list?`,
    );
  if (shape.length > 2)
    throw new AuditInputError(
      `${name}: shape (${shape.join(', ')}), but a matrix is needed, one row an example; save what the last layer sees: x.mean((2, 3)) of n×C×H×W, x[:, 0] of n×tokens×width, or x.reshape(len(x), -1)`,
    );
  if (shape.length === 0 || rows < 2 || width < 1)
    throw new AuditInputError(
      `${name}: shape (${shape.join(', ')}), but two examples and one dimension at least are needed`,
    );
}

/** Checks that logits are n × K. */
export function checkLogits(file: NpyFile, n: number): void {
  const { name, shape, rows, width } = file;
  if (shape.length !== 2)
    throw new AuditInputError(`${name}: shape (${shape.join(', ')}), but examples × classes is needed`);
  if (width === 1)
    throw new AuditInputError(
      `${name}: one column, but one a class is needed; of a single logit z save np.hstack([0 * z, z])`,
    );
  if (rows !== n)
    throw new AuditInputError(`${name}: ${rows} rows, but --activations has ${n}${width === n ? '; save z.T' : ''}`);
}

/** Whether the rows look like probabilities, which softmax would squash once more. */
export function looksLikeProbabilities(file: NpyFile): boolean {
  const n = Math.min(1000, file.rows);
  const values = file.read(0, n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let k = 0; k < file.width; k++) {
      const v = values[i * file.width + k]!;
      if (!(v >= 0 && v <= 1)) return false;
      sum += v;
    }
    if (Math.abs(sum - 1) > 1e-3) return false;
  }
  return true;
}

/** The last layer's weights, K × D. */
export function readWeights(file: NpyFile, classes: number, width: number): Float64Array {
  const { name, shape } = file;
  const [k, d] = shape;
  if (shape.length !== 2 || k !== classes || d !== width) {
    const hint = shape.length === 2 && k === width && d === classes ? '; save W.T' : '';
    throw new AuditInputError(
      `${name}: shape (${shape.join(', ')}), but classes × width = (${classes}, ${width}) is needed${hint}`,
    );
  }
  const values = Float64Array.from(file.read(0, classes));
  requireFinite(values, 0, file);
  return values;
}

/** Refuses NaN and infinities, by place. @param from the row that the values begin at */
export function requireFinite(
  values: Float32Array | Float64Array,
  from: number,
  file: Pick<NpyFile, 'name' | 'width'>,
): void {
  for (let at = 0; at < values.length; at++) {
    const v = values[at]!;
    if (v - v !== 0)
      throw new AuditInputError(
        `${file.name}: ${v} at [${from + Math.floor(at / file.width)}, ${at % file.width}]; leave such examples out: keep = np.isfinite(x).all(1)`,
      );
  }
}
