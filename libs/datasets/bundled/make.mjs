// Makes the bundled digits from the MNIST files below MINVAR_DATA_DIR:
//
//     MINVAR_DATA_DIR=… node libs/datasets/bundled/make.mjs
//
// 5,000 training digits, spread evenly over the training file, and 1,000 test digits, spread evenly over the test file (its
// first half is easier than its second). Running it again on the same files gives the same content.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const root = process.env.MINVAR_DATA_DIR;
if (!root) throw new Error('MINVAR_DATA_DIR is not set; point it at a folder that holds the MNIST files (train-*.gz, t10k-*.gz)');

const paths = readdirSync(root, { recursive: true }).map(String);

function load(name) {
  const path = paths.find((p) => p.endsWith(name));
  if (!path) throw new Error(`${name} is not below ${root}`);
  return gunzipSync(readFileSync(join(root, path)));
}

/** Keeps `take` records of an IDX file, evenly spread; the header's first dimension follows. */
function thin(file, headerBytes, recordBytes, take) {
  const total = file.readUInt32BE(4);
  const out = Buffer.alloc(headerBytes + take * recordBytes);
  file.copy(out, 0, 0, headerBytes);
  out.writeUInt32BE(take, 4);
  for (let i = 0; i < take; i++) {
    const from = headerBytes + Math.floor((i * total) / take) * recordBytes;
    file.copy(out, headerBytes + i * recordBytes, from, from + recordBytes);
  }
  return out;
}

for (const [stem, take] of [
  ['train', 5000],
  ['t10k', 1000],
]) {
  for (const [kind, headerBytes, recordBytes] of [
    ['images-idx3', 16, 784],
    ['labels-idx1', 8, 1],
  ]) {
    const name = `${stem}-${kind}-ubyte.gz`;
    const packed = gzipSync(thin(load(name), headerBytes, recordBytes, take), { level: 9 });
    packed[9] = 0xff;
    writeFileSync(join(here, `minvar-mnist-${take}-${name}`), packed);
    console.log(`minvar-mnist-${take}-${name}  ${packed.length} bytes`);
  }
}
