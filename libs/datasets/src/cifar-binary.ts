import type { ArchiveMember } from './archive/member';
import { readBody } from './archive/member';
import type { BuiltSplit } from './define-dataset';
import type { SplitRows } from './order';
import { sourceRows, trainingRows } from './order';
import type { SourceArchive } from './source';
import { sourceError } from './source-error';

const side = 32;
const plane = side * side;
const imageBytes = 3 * plane;
const maxNamesBytes = 65_536;
const wayOut = 'Replace it with a whole copy of the official archive';

/** How an official archive is laid out: `labelBytes` labels, then 32×32 bytes of red, of green, of blue, record after record. */
export interface BinaryLayout {
  readonly labelBytes: 1 | 2;
  /** base names of the members that hold the training records, in their order, and of the one with the test records */
  readonly train: readonly string[];
  readonly test: string;
  /** base name → the lines that a list of names in the archive must have */
  readonly names: Readonly<Record<string, readonly string[]>>;
  /** the class of a record, or what is wrong with its labels */
  readonly classOf: (labels: Uint8Array) => number | string;
}

/** most records of one member; a local archive may hold other numbers than the official one */
const maxRecords = 100_000;
const baseName = (member: ArchiveMember): string => member.path.slice(member.path.lastIndexOf('/') + 1);

export interface BinaryArchive {
  /** records of the training members, in the layout's order, and of the test member */
  readonly train: number;
  readonly test: number;
  readonly splits: (validation: boolean) => AsyncGenerator<BuiltSplit>;
}

interface ReadOptions {
  readonly breathe: () => Promise<void>;
  readonly onProgress: (phase: string, doneBytes: number, totalBytes: number) => void;
}

/**
 * An official archive of CIFAR-10 or CIFAR-100: looked through once for its members and name lists, then once a split, so that one split at a
 * time is in memory. Images become height × width × channels. Records of another length, labels that are no class and foreign names are
 * refused with member and offset.
 */
export async function readCifarBinary(
  archive: SourceArchive,
  layout: BinaryLayout,
  { breathe, onProgress }: ReadOptions,
): Promise<BinaryArchive> {
  const recordBytes = layout.labelBytes + imageBytes;
  const records = new Map<string, number>();
  for await (const member of archive.members()) {
    await breathe();
    const name = baseName(member);
    const fail = (offset: number, problem: string): never => {
      throw sourceError(
        member.file,
        member.offset === null ? null : member.offset + offset,
        `${member.path}: ${problem}`,
        wayOut,
      );
    };
    if (member.kind === 'folder') continue;
    if (name === layout.test || layout.train.includes(name)) {
      if (records.has(name)) fail(0, `the archive holds '${name}' twice`);
      const n = Math.floor(member.sizeBytes / recordBytes);
      const rest = member.sizeBytes % recordBytes;
      if (rest > 0) fail(n * recordBytes, `${rest} bytes follow the last whole record of ${recordBytes} bytes`);
      if (n === 0 || n > maxRecords) fail(0, `it holds ${n} records; 1 to ${maxRecords} are accepted`);
      records.set(name, n);
    }
    const expected = layout.names[name];
    // what is known by its checksum needs no second opinion
    if (expected && !archive.official) {
      if (member.sizeBytes > maxNamesBytes)
        fail(0, `a list of names of ${member.sizeBytes} bytes; at most ${maxNamesBytes} are accepted`);
      const found = Buffer.from(await readBody(member))
        .toString('utf8')
        .split(/\r?\n/)
        .map((l) => l.trim())
        .filter((l) => l !== '');
      const at = expected.findIndex((line, i) => found[i] !== line);
      if (at >= 0 || found.length !== expected.length)
        fail(
          0,
          at < 0
            ? `it names ${found.length} classes instead of ${expected.length}`
            : `class ${at} is '${(found[at] ?? 'nothing').slice(0, 50)}' instead of '${expected[at]}'`,
        );
    }
  }
  const missing = [...layout.train, layout.test].filter((name) => !records.has(name));
  if (missing.length > 0) throw sourceError(archive.file, null, `the archive lacks ${missing.join(', ')}`, wayOut);
  const firstOf = new Map<string, number>();
  let train = 0;
  for (const name of layout.train) {
    firstOf.set(name, train);
    train += records.get(name)!;
  }
  firstOf.set(layout.test, 0);
  const test = records.get(layout.test)!;

  async function read(rows: SplitRows, members: readonly string[]): Promise<BuiltSplit> {
    const inputs = new Uint8Array(rows.examples * imageBytes);
    const labels = new Int32Array(rows.examples);
    const phase = `reading ${rows.name}`;
    const record = new Uint8Array(recordBytes);
    let done = 0;

    function take(member: ArchiveMember, index: number): void {
      const label = layout.classOf(record.subarray(0, layout.labelBytes));
      if (typeof label === 'string')
        throw sourceError(
          member.file,
          member.offset === null ? null : member.offset + index * recordBytes,
          `${member.path}: record ${index} ${label}`,
          wayOut,
        );
      const row = rows.rowOf[firstOf.get(baseName(member))! + index]!;
      if (row < 0) return;
      labels[row] = label;
      for (let i = 0, to = row * imageBytes, from = layout.labelBytes; i < plane; i++, from++) {
        inputs[to++] = record[from]!;
        inputs[to++] = record[from + plane]!;
        inputs[to++] = record[from + 2 * plane]!;
      }
      done += imageBytes;
    }

    for await (const member of archive.members()) {
      if (member.kind === 'folder' || !members.includes(baseName(member))) continue;
      let [index, filled] = [0, 0];
      for await (const chunk of member.body()) {
        await breathe();
        for (let from = 0; from < chunk.length;) {
          const part = chunk.subarray(from, from + recordBytes - filled);
          record.set(part, filled);
          from += part.length;
          filled += part.length;
          if (filled < recordBytes) continue;
          take(member, index++);
          filled = 0;
        }
        onProgress(phase, done, inputs.length);
      }
    }
    return {
      name: rows.name,
      inputs,
      shape: [rows.examples, side, side, 3],
      labels,
      attributes: null,
      decodability: null,
    };
  }

  async function* splits(validation: boolean): AsyncGenerator<BuiltSplit> {
    for (const rows of trainingRows(train, validation)) yield await read(rows, layout.train);
    yield await read(sourceRows('test', test), [layout.test]);
  }
  return { train, test, splits };
}
