import { AuditInputError } from '../input-error';
import { dtypes } from './dtypes';
import type { Code } from './dtypes';

export interface NpyHeader {
  readonly code: Code;
  readonly bigEndian: boolean;
  /** column-major: NumPy's Fortran order, as a saved transpose has it */
  readonly fortran: boolean;
  readonly shape: readonly number[];
  /** offset of the first number */
  readonly start: number;
}

/** Bytes that the header of any array of numbers fits in. */
export const headBytes = 65_536;

const ascii = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** What else a file may be, by how it begins. */
function othersName(head: Uint8Array): string {
  const begins = ascii(head.subarray(0, 4));
  if (begins.startsWith('PK')) return "a zip archive (.npz, or torch.save's format)";
  if (head[0] === 0x80) return 'a pickle';
  if (begins === '\x89HDF') return 'an HDF5 file';
  return `a file that begins with ${[...head.subarray(0, 4)].map((b) => b.toString(16).padStart(2, '0')).join(' ')}`;
}

const wayOut = "save the array itself: np.save('x.npy', x), of a tensor np.save('x.npy', x.detach().cpu().numpy())";

/** Why a dtype is none that can be measured, and what to save instead. */
function refusedDtype(descr: string): string {
  if (descr.includes('O'))
    return `it holds Python objects (dtype '${descr}'); save numbers: np.save('x.npy', np.stack(list(x)))`;
  if (/V2$/.test(descr)) return `dtype '${descr}' is bfloat16 to those who know it; save x.astype(np.float32)`;
  if (/[US]\d/.test(descr)) return `it holds text (dtype '${descr}'); number it: np.unique(x, return_inverse=True)[1]`;
  if (/c\d/.test(descr)) return `it holds complex numbers (dtype '${descr}'); save their real part or absolute value`;
  return `dtype '${descr}' is none of ${Object.values(dtypes)
    .map((d) => d.name)
    .join(', ')}; convert with x.astype(…)`;
}

/**
 * Reads the head of a `.npy` file (numpy.lib.format, versions 1 to 3).
 *
 * @param head the file's first bytes, at most `headBytes` of them
 * @throws AuditInputError naming the file, what was found, and what to save instead
 */
export function parseHeader(head: Uint8Array, name: string): NpyHeader {
  const fail = (what: string): never => {
    throw new AuditInputError(`${name}: ${what}`);
  };
  if (head.length === 0) fail(`the file is empty; ${wayOut}`);
  if (head.length < 12 || ascii(head.subarray(1, 6)) !== 'NUMPY' || head[0] !== 0x93)
    fail(`this is no .npy file but ${othersName(head)}; ${wayOut}`);
  const version = head[6]!;
  if (version < 1 || version > 3) fail(`.npy format version ${version} is unknown; ${wayOut}`);
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const textStart = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = textStart + length;
  if (start > head.length) fail(`the header claims ${length} bytes, more than the file or any array of numbers has`);
  const text = new TextDecoder(version === 3 ? 'utf-8' : 'latin1').decode(head.subarray(textStart, start));
  const fortran = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const shape = /'shape':\s*\(([^()]*)\)/.exec(text)?.[1];
  if (/'descr':\s*\[/.test(text)) fail(`it is a structured array; save one field: np.save('x.npy', x['field'])`);
  const descr = /'descr':\s*'([^']*)'/.exec(text)?.[1];
  if (descr === undefined || fortran === undefined || shape === undefined)
    return fail(`the header '${text.trim().slice(0, 120)}' lacks descr, fortran_order or shape`);
  const [, order, code] = /^([<>|=]?)(\w+)$/.exec(descr) ?? fail(refusedDtype(descr));
  if (!Object.hasOwn(dtypes, code!)) fail(refusedDtype(descr));
  const sizes = shape
    .split(',')
    .map((s) => s.trim().replace(/L$/, ''))
    .filter((s) => s !== '');
  if (!sizes.every((s) => /^\d+$/.test(s))) fail(`the shape (${shape}) is none`);
  return {
    code: code as Code,
    bigEndian: order === '>',
    fortran: fortran === 'True',
    shape: sizes.map(Number),
    start,
  };
}
