import { parquetWriteFile } from 'hyparquet-writer';
import type { DatasetManifest, SplitManifest } from '@minvar/contracts';
import { encodePngs } from './png';

export interface SplitArrays {
  readonly inputs: Uint8Array | Float32Array;
  readonly labels: Int32Array;
  readonly attributes: Int32Array | null;
}

/**
 * One Parquet file a split. Images: `image` (PNG bytes); vectors: `x0`, `x1`, … (float32). Then `label` (int32), `class` (text),
 * and where there is an attribute `attribute` (int32, −1 = none) and `attribute_name`.
 */
export async function writeParquet(
  path: string,
  manifest: DatasetManifest,
  split: SplitManifest,
  arrays: SplitArrays,
  onExample: (done: number) => void,
): Promise<void> {
  const n = split.examples;
  const size = manifest.input.shape.reduce((a, b) => a * b, 1);
  const columnData: Parameters<typeof parquetWriteFile>[0]['columnData'] = [];
  if (arrays.inputs instanceof Uint8Array) {
    const images: Uint8Array[] = [];
    for await (const png of encodePngs(arrays.inputs, manifest.input.shape, 0, n)) {
      images.push(png);
      if (images.length % 256 === 0) onExample(images.length);
    }
    columnData.push({ name: 'image', data: images, type: 'BYTE_ARRAY', nullable: false, statistics: false });
  } else {
    const { inputs } = arrays;
    for (let d = 0; d < size; d++)
      columnData.push({
        name: `x${d}`,
        data: Float32Array.from({ length: n }, (_, i) => inputs[i * size + d]!),
        type: 'FLOAT',
        nullable: false,
      });
  }
  columnData.push({ name: 'label', data: arrays.labels, type: 'INT32', nullable: false });
  columnData.push({
    name: 'class',
    data: Array.from(arrays.labels, (y) => manifest.classes[y]!),
    type: 'STRING',
    nullable: false,
  });
  if (arrays.attributes && manifest.attribute) {
    const { values } = manifest.attribute;
    columnData.push({ name: 'attribute', data: arrays.attributes, type: 'INT32', nullable: false });
    columnData.push({
      name: 'attribute_name',
      data: Array.from(arrays.attributes, (a) => values[a] ?? null),
      type: 'STRING',
    });
  }
  parquetWriteFile({ filename: path, columnData });
  onExample(n);
}
