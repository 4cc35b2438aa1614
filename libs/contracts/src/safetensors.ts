/**
 * Weight files as `safetensors.torch.load_file` reads them: 8 bytes little-endian header length, a JSON header of
 * `name → { dtype, shape, data_offsets }`, then the values, row-major and little-endian (huggingface/safetensors, format.md).
 */

const dtypes = {
  F32: { bytes: 4, view: Float32Array },
  F64: { bytes: 8, view: Float64Array },
  I32: { bytes: 4, view: Int32Array },
  I64: { bytes: 8, view: BigInt64Array },
  U8: { bytes: 1, view: Uint8Array },
} as const;

export type SafetensorsData = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

export interface NamedTensor {
  readonly shape: readonly number[];
  /** row-major */
  readonly data: SafetensorsData;
}

/** Same limit as the reference reader. */
const maxHeader = 100_000_000;

/**
 * The bytes of a file with these tensors, names in code point order; the same tensors give the same bytes.
 * Throws when a tensor's values do not fill its shape.
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, NamedTensor>>,
  metadata: Readonly<Record<string, string>> = { format: 'pt' },
): Uint8Array {
  const names = Object.keys(tensors).sort();
  const header: Record<string, unknown> = { __metadata__: metadata };
  // Widest types first, so that every tensor lies aligned when the data part does.
  const order = [...names].sort((a, b) => tensors[b]!.data.BYTES_PER_ELEMENT - tensors[a]!.data.BYTES_PER_ELEMENT);
  let end = 0;
  const offsets = new Map<string, number>();
  for (const name of order) {
    const { shape, data } = tensors[name]!;
    const size = shape.reduce((a, b) => a * b, 1);
    if (size !== data.length) {
      throw new Error(
        `safetensors: '${name}' has ${data.length} values for the shape (${shape.join(', ')}), which holds ${size}`,
      );
    }
    const dtype = Object.entries(dtypes).find(([, d]) => data instanceof d.view)![0];
    offsets.set(name, end);
    header[name] = { dtype, shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(json.length / 8) * 8;
  const out = new Uint8Array(start + end).fill(0x20, 8, start);
  new DataView(out.buffer).setBigUint64(0, BigInt(start - 8), true);
  out.set(json, 8);
  for (const [name, at] of offsets) {
    const { data } = tensors[name]!;
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start + at);
  }
  return out;
}

/**
 * Reads a safetensors file (F32, F64, I32, I64, U8). Tensors must cover the data part without gap or overlap, as the format demands;
 * nothing is allocated from what the header claims. Throws naming `from` and the tensor.
 */
export function decodeSafetensors(bytes: Uint8Array, from: string): Record<string, NamedTensor> {
  const fail = (what: string): never => {
    throw new Error(`${from}: not a safetensors file that can be read here: ${what}`);
  };
  if (bytes.length < 8) fail(`${bytes.length} bytes are too few for a header`);
  const claimed = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true);
  if (claimed > BigInt(Math.min(maxHeader, bytes.length - 8)))
    fail(`a header of ${claimed} bytes in a file of ${bytes.length}`);
  const start = 8 + Number(claimed);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, start)));
  } catch (cause) {
    fail(`its header is no JSON (${(cause as Error).message.slice(0, 120)})`);
  }
  if (header === null || typeof header !== 'object' || Array.isArray(header)) fail('its header is no JSON object');
  const tensors: Record<string, NamedTensor> = Object.create(null);
  const spans: [number, number, string][] = [];
  for (const [name, entry] of Object.entries(header as Record<string, unknown>)) {
    if (name === '__metadata__') continue;
    const {
      dtype,
      shape,
      data_offsets: span,
    } = (entry ?? {}) as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
    const d =
      typeof dtype === 'string' && Object.hasOwn(dtypes, dtype) ? dtypes[dtype as keyof typeof dtypes] : undefined;
    if (!d)
      return fail(
        `'${name}' has the dtype ${JSON.stringify(dtype)} (one of ${Object.keys(dtypes).join(', ')} is needed)`,
      );
    const whole = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;
    if (!Array.isArray(shape) || !shape.every(whole)) return fail(`'${name}' has the shape ${JSON.stringify(shape)}`);
    if (!Array.isArray(span) || span.length !== 2 || !span.every(whole))
      return fail(`'${name}' has the offsets ${JSON.stringify(span)}`);
    const [a, b] = span as [number, number];
    const size = shape.reduce((x, y) => x * y, 1);
    if (b < a || b > bytes.length - start || size * d.bytes !== b - a) {
      return fail(
        `'${name}' of ${dtype as string} (${shape.join(', ')}) lies at ${a} … ${b} of ${bytes.length - start} bytes of data`,
      );
    }
    const at = bytes.byteOffset + start + a;
    const data =
      at % d.bytes === 0
        ? new d.view(bytes.buffer as ArrayBuffer, at, size)
        : new d.view(bytes.slice(start + a, start + b).buffer as ArrayBuffer, 0, size);
    tensors[name] = { shape, data };
    spans.push([a, b, name]);
  }
  spans.sort((x, y) => x[0] - y[0] || x[1] - y[1]);
  let covered = 0;
  for (const [a, b, name] of spans) {
    if (a !== covered) fail(`'${name}' begins at ${a}, but the data before it ends at ${covered}`);
    covered = b;
  }
  if (covered !== bytes.length - start)
    fail(`its tensors end at ${covered}, but there are ${bytes.length - start} bytes of data`);
  return tensors;
}
