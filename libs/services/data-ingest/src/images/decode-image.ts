import { availableParallelism } from 'node:os';
import type { ImageDecoder } from '@minvar/datasets';
import sharp from 'sharp';

// images are small and many: parallel across images, not within one, and no image is seen twice
sharp.concurrency(1);
sharp.cache(false);

const formats = [
  { name: 'JPEG', magic: [0xff, 0xd8, 0xff] },
  { name: 'PNG', magic: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] },
];

/** Luma of ITU-R BT.601 in 16-bit fixed point, rounded: what Pillow's `convert('L')` gives. */
function grey(rgb: Uint8Array): Uint8Array {
  const out = new Uint8Array(rgb.length / 3);
  for (let i = 0, j = 0; i < out.length; i++, j += 3)
    out[i] = (rgb[j]! * 19_595 + rgb[j + 1]! * 38_470 + rgb[j + 2]! * 7_471 + 0x8000) >> 16;
  return out;
}

/**
 * Decodes JPEG and PNG with the pinned decoder: stored values as they are (colour profiles and orientation marks are ignored), 8 bits a
 * channel, transparency dropped. A warning of the decoder is an error. Nothing of the image's size is allocated before its pixels are counted.
 */
export const imageDecoder: ImageDecoder = {
  atOnce: Math.max(4, 2 * availableParallelism()),
  decode: async (encoded, { channels, maxPixels, size }) => {
    if (!formats.some(({ magic }) => magic.every((byte, i) => encoded[i] === byte)))
      throw new Error(`it is neither ${formats.map((f) => f.name).join(' nor ')}`);
    const image = sharp(encoded, { limitInputPixels: maxPixels, failOn: 'warning', ignoreIcc: true });
    const scaled =
      size === null ? image : image.resize(size, size, { fit: 'cover', kernel: 'lanczos3', fastShrinkOnLoad: false });
    const { data, info } = await scaled
      .removeAlpha()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`it decodes to ${info.channels} channels instead of 3`);
    return { pixels: channels === 1 ? grey(data) : data, height: info.height, width: info.width };
  },
};
