import sharp from 'sharp';

/** One image of height × width × channels bytes (1 grey, 3 RGB) as PNG. */
export async function encodePng(pixels: Uint8Array, shape: readonly number[]): Promise<Uint8Array> {
  const [height, width, channels] = shape as [number, number, 1 | 3];
  return sharp(pixels, { raw: { width, height, channels } })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png({ compressionLevel: 6 })
    .toBuffer();
}

/** Images `first` … `end` − 1 of n×H×W×C bytes as PNG, in order; encoded a few at a time, since the encoder has threads of its own. */
export async function* encodePngs(
  inputs: Uint8Array,
  shape: readonly number[],
  first: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  const size = shape.reduce((a, b) => a * b, 1);
  const atOnce = 32;
  for (let from = first; from < end; from += atOnce) {
    const block = Array.from({ length: Math.min(atOnce, end - from) }, (_, i) =>
      encodePng(inputs.subarray((from + i) * size, (from + i + 1) * size), shape),
    );
    yield* await Promise.all(block);
  }
}
