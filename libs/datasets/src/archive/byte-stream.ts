export interface ByteStream {
  /** bytes handed out so far */
  readonly offset: () => number;
  /** the next bytes as they come, at most `most`; null at the end */
  readonly some: (most: number) => Promise<Uint8Array | null>;
  /** the next `n` bytes, fewer only at the end */
  readonly exactly: (n: number) => Promise<Uint8Array>;
  /** lets the source go, read to its end or not */
  readonly close: () => Promise<void>;
}

/** Chunks read as a stream of bytes. What is handed out is a view of a chunk where it can be. */
export function byteStream(chunks: AsyncIterable<Uint8Array>): ByteStream {
  const source = chunks[Symbol.asyncIterator]();
  let current: Uint8Array = new Uint8Array(0);
  let offset = 0;
  async function some(most: number): Promise<Uint8Array | null> {
    while (current.length === 0) {
      const next = await source.next();
      if (next.done) return null;
      current = next.value;
    }
    const part = current.subarray(0, most);
    current = current.subarray(part.length);
    offset += part.length;
    return part;
  }
  async function exactly(n: number): Promise<Uint8Array> {
    const first = await some(n);
    if (first === null || first.length === n) return first ?? new Uint8Array(0);
    const parts = [first];
    for (let have = first.length; have < n;) {
      const part = await some(n - have);
      if (part === null) break;
      parts.push(part);
      have += part.length;
    }
    return Buffer.concat(parts);
  }
  return { offset: () => offset, some, exactly, close: async () => void (await source.return?.()) };
}
