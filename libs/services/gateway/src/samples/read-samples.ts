import type { ArrayFile, DatasetManifest, SplitManifest } from '@minvar/contracts';
import type { ObjectStore } from '@minvar/service-kit';
import sharp from 'sharp';
import { drawIndices } from './draw-indices';

export interface Sample {
  readonly index: number;
  readonly label: string;
  readonly group: string | null;
  readonly imagePng: string | null;
  readonly values: readonly number[] | null;
}

const bytesPerValue = { uint8: 1, float32: 4, int32: 4, int64: 8, float64: 8 } as const;

/** Row `index` of an array in the store, by a range request; row-major, so a row is contiguous. */
async function readRow(store: ObjectStore, prefix: string, file: ArrayFile, index: number): Promise<Buffer> {
  const values = file.shape.slice(1).reduce((a, b) => a * b, 1);
  const rowBytes = values * bytesPerValue[file.dtype];
  const header = file.sizeBytes - rowBytes * file.shape[0]!;
  const start = header + index * rowBytes;
  return Buffer.from((await store.get(`${prefix}${file.path}`, { range: { start, end: start + rowBytes - 1 } })).body);
}

function numbers(file: ArrayFile, row: Buffer): number[] {
  const view = new DataView(row.buffer, row.byteOffset, row.byteLength);
  const n = row.byteLength / bytesPerValue[file.dtype];
  const read = {
    uint8: (i: number) => view.getUint8(i),
    int32: (i: number) => view.getInt32(4 * i, true),
    int64: (i: number) => Number(view.getBigInt64(8 * i, true)),
    float32: (i: number) => view.getFloat32(4 * i, true),
    float64: (i: number) => view.getFloat64(8 * i, true),
  }[file.dtype];
  return Array.from({ length: n }, (_, i) => read(i));
}

async function png(file: ArrayFile, row: Buffer): Promise<string> {
  const [, height, width, channels] = file.shape as [number, number, number, 1 | 3 | 4];
  const bytes = await sharp(row, { raw: { width, height, channels } }).png().toBuffer();
  return bytes.toString('base64');
}

/** `count` examples of a split, drawn without repetition by `seed`: the same ones for the same seed. */
export async function readSamples(
  store: ObjectStore,
  prefix: string,
  manifest: DatasetManifest,
  split: SplitManifest,
  count: number,
  seed: number,
): Promise<Sample[]> {
  const isImage = manifest.input.kind === 'image' && split.inputs.dtype === 'uint8' && split.inputs.shape.length === 4;
  const { attribute, classes } = manifest;
  const read = async (index: number): Promise<Sample> => {
    const [input, label, value] = await Promise.all([
      readRow(store, prefix, split.inputs, index),
      readRow(store, prefix, split.labels, index),
      split.attributes ? readRow(store, prefix, split.attributes, index) : null,
    ]);
    const name = classes[numbers(split.labels, label)[0]!] ?? '';
    const group = value ? (attribute?.values[numbers(split.attributes!, value)[0]!] ?? null) : null;
    return {
      index,
      label: name,
      group: group === null ? null : `${name}/${group}`,
      imagePng: isImage ? await png(split.inputs, input) : null,
      values: isImage ? null : numbers(split.inputs, input),
    };
  };
  return Promise.all(drawIndices(split.examples, count, seed).map(read));
}
