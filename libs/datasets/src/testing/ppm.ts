import type { ImageDecoder } from '../define-dataset';

/** An image as binary PPM: `P6`, width, height, 255, then rows of RGB bytes. */
export function ppm(height: number, width: number, pixel: (y: number, x: number, c: number) => number): Uint8Array {
  const pixels = new Uint8Array(height * width * 3);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++) for (let c = 0; c < 3; c++) pixels[at++] = pixel(y, x, c);
  return Buffer.concat([Buffer.from(`P6\n${width} ${height}\n255\n`), pixels]);
}

/** Decodes binary PPM: a format that needs no library, for tests of what is done with decoded images. */
export const ppmDecoder: ImageDecoder = {
  atOnce: 3,
  decode: async (encoded, { maxPixels, channels }) => {
    const bytes = Buffer.from(encoded);
    const header = /^P6\n(\d+) (\d+)\n255\n/.exec(bytes.subarray(0, 32).toString('latin1'));
    if (!header) throw new Error('it is no PPM');
    const [width, height] = [Number(header[1]), Number(header[2])];
    if (width * height > maxPixels) throw new Error(`it has more than ${maxPixels} pixels`);
    const pixels = bytes.subarray(header[0].length);
    if (pixels.length !== width * height * 3) throw new Error('it is cut');
    // later images finish first
    await new Promise((resolve) => setTimeout(resolve, pixels[0]! % 3));
    return { height, width, pixels: channels === 3 ? pixels : pixels.filter((_, i) => i % 3 === 0) };
  },
};
