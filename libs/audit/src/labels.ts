import { AuditInputError } from './input-error';
import { isFloat } from './npy/dtypes';
import type { NpyFile } from './npy/npy-file';

/** Rows that are looked at to say what an array with two dimensions is. */
const looked = 1000;

function isOneHot(file: NpyFile): boolean {
  const values = file.read(0, Math.min(looked, file.rows));
  for (let i = 0; i * file.width < values.length; i++) {
    const row = values.subarray(i * file.width, (i + 1) * file.width);
    let [ones, others] = [0, 0];
    for (const v of row) {
      if (v === 1) ones++;
      else if (v !== 0) others++;
    }
    if (ones !== 1 || others !== 0) return false;
  }
  return true;
}

function checkShape(file: NpyFile, n: number): void {
  const { name, shape, rows, width } = file;
  if (shape.length === 2 && width > 1)
    throw new AuditInputError(
      isOneHot(file)
        ? `${name}: labels are one-hot, shape (${shape.join(', ')}); save y.argmax(1)`
        : `${name}: shape (${shape.join(', ')}), but one number an example is needed`,
    );
  if (shape.length > 2 || shape.length === 0)
    throw new AuditInputError(`${name}: shape (${shape.join(', ')}), but one number an example is needed`);
  if (rows !== n)
    throw new AuditInputError(
      `${name}: ${rows} examples, but --activations has ${n}; both must be of the same examples, in one order`,
    );
}

/** Whole numbers counted from 0, one an example; −1 for none where `none` allows it. */
function indices(file: NpyFile, n: number, none: boolean): Int32Array {
  checkShape(file, n);
  const { name, code, dtype } = file;
  if (isFloat(code)) {
    const values = file.read(0, n);
    const broken = values.findIndex((v) => !Number.isInteger(v));
    throw new AuditInputError(
      broken < 0
        ? `${name}: labels are ${dtype}; they are whole numbers, so save y.astype(np.int64)`
        : `${name}: label ${values[broken]} of example ${broken} is no whole number (dtype ${dtype}); are these labels?`,
    );
  }
  const out = new Int32Array(n);
  const values = file.read(0, n);
  const least = none ? -1 : 0;
  for (let i = 0; i < n; i++) {
    const value = values[i]!;
    if (value < least) {
      let count = 0;
      for (const v of values) if (v < least) count++;
      const hint = none ? '−1 says that an example has none' : 'leave out examples without a label: keep = y >= 0';
      throw new AuditInputError(`${name}: value ${value} of example ${i} (${count} such); ${hint}`);
    }
    if (value > 1_000_000)
      throw new AuditInputError(
        `${name}: value ${value} of example ${i}; if these are ids, number them: np.unique(y, return_inverse=True)[1]`,
      );
    out[i] = value;
  }
  return out;
}

const extremes = (x: Int32Array): [number, number] => {
  let [low, high] = [Infinity, -Infinity];
  for (const v of x) {
    if (v >= 0 && v < low) low = v;
    if (v > high) high = v;
  }
  return [low, high];
};

/** Class indices and how many classes there are: as many as the outputs have columns, else up to the largest label. */
export function readLabels(
  file: NpyFile,
  n: number,
  outputs: { readonly count: number; readonly name: string } | null,
): { labels: Int32Array; classes: number } {
  const labels = indices(file, n, false);
  const [low, high] = extremes(labels);
  if (low >= 1 && (outputs === null || high === outputs.count))
    throw new AuditInputError(
      `${file.name}: labels go from ${low} to ${high}; classes are counted from 0: save y - ${low}`,
    );
  if (outputs && high >= outputs.count)
    throw new AuditInputError(
      `${file.name}: label ${high}, but ${outputs.name} has ${outputs.count} classes, counted from 0; are they of the same network?`,
    );
  const classes = outputs?.count ?? high + 1;
  if (classes < 2) throw new AuditInputError(`${file.name}: all labels are ${high}; there must be two classes`);
  if (classes > n)
    throw new AuditInputError(
      `${file.name}: labels up to ${high} for ${n} examples; number the classes that occur: np.unique(y, return_inverse=True)[1]`,
    );
  return { labels, classes };
}

/** Values of an attribute, −1 for none, and how many there are. */
export function readAttribute(file: NpyFile, n: number): { attributes: Int32Array; values: number } {
  const attributes = indices(file, n, true);
  const [, high] = extremes(attributes);
  if (high < 0) throw new AuditInputError(`${file.name}: no example has an attribute (all are −1)`);
  if (high >= 10_000)
    throw new AuditInputError(
      `${file.name}: values up to ${high}; number those that occur: np.unique(a, return_inverse=True)[1]`,
    );
  return { attributes, values: high + 1 };
}
