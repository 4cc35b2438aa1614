import { ParquetWriter, fileWriter, schemaFromColumnData } from 'hyparquet-writer';
import type { ColumnSource } from 'hyparquet-writer';
import type { DatasetManifest } from '@minvar/contracts';
import { encodePngs } from './png';
import type { SplitBlock } from './split-blocks';

async function columnsOf(
  { inputs, labels, attributes }: SplitBlock,
  manifest: DatasetManifest,
  onExample: (done: number) => void,
): Promise<ColumnSource[]> {
  const n = labels.length;
  const columns: ColumnSource[] = [];
  if (inputs instanceof Uint8Array) {
    const images: Uint8Array[] = [];
    for await (const png of encodePngs(inputs, manifest.input.shape, 0, n)) onExample(images.push(png));
    columns.push({ name: 'image', data: images, type: 'BYTE_ARRAY', nullable: false, statistics: false });
  } else {
    const size = manifest.input.shape.reduce((a, b) => a * b, 1);
    for (let d = 0; d < size; d++)
      columns.push({
        name: `x${d}`,
        data: Float32Array.from({ length: n }, (_, i) => inputs[i * size + d]!),
        type: 'FLOAT',
        nullable: false,
      });
  }
  columns.push({ name: 'label', data: labels, type: 'INT32', nullable: false });
  const classNames = Array.from(labels, (y) => manifest.classes[y]!);
  columns.push({ name: 'class', data: classNames, type: 'STRING', nullable: false });
  if (attributes && manifest.attribute) {
    const { values } = manifest.attribute;
    const names = Array.from(attributes, (a) => values[a] ?? null);
    columns.push({ name: 'attribute', data: attributes, type: 'INT32', nullable: false });
    columns.push({ name: 'attribute_name', data: names, type: 'STRING' });
  }
  return columns;
}

/**
 * One Parquet file a split, a row group a block. Images: `image` (PNG bytes); vectors: `x0`, `x1`, … (float32). Then `label` (int32),
 * `class` (text), and where there is an attribute `attribute` (int32, −1 = none) and `attribute_name`.
 */
export async function writeParquet(
  path: string,
  manifest: DatasetManifest,
  blocks: AsyncIterable<SplitBlock>,
  onExample: (done: number) => void,
): Promise<void> {
  let parquet: ParquetWriter | null = null;
  let done = 0;
  for await (const block of blocks) {
    const columnData = await columnsOf(block, manifest, (n) => onExample(done + n));
    if (!parquet) {
      const schema = schemaFromColumnData({ columnData });
      parquet = new ParquetWriter({ writer: fileWriter(path), schema });
    }
    await parquet.write({ columnData, rowGroupSize: block.labels.length });
    onExample((done += block.labels.length));
  }
  if (!parquet) throw new Error(`${path}: a split without examples`);
  await parquet.finish();
}
