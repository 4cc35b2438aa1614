import { readIdxImages, readIdxLabels } from './idx';
import type { Source, SourceContent, WholeFile } from './source';
import { sourceError } from './source-error';

export const mnistClasses = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] as const;
export const mnistCitation =
  'Y. LeCun, L. Bottou, Y. Bengio, P. Haffner. Gradient-based learning applied to document recognition. Proceedings of the IEEE 86(11), 1998.';
export const mnistLicence = 'CC BY-SA 3.0 (Yann LeCun, Corinna Cortes, Christopher J. C. Burges)';

const rows = 28;
const cols = 28;
/** a local file may hold another number of digits than the official one, up to this */
const maxExamples = 100_000;

const homes = ['https://ossci-datasets.s3.amazonaws.com/mnist/', 'https://storage.googleapis.com/cvdf-datasets/mnist/'];

function idxFile(f: {
  stem: string;
  kind: 'images-idx3' | 'labels-idx1';
  bundledDigits: number;
  sizeBytes: number;
  md5: string;
  sha256: string;
  content: WholeFile['content'];
}): WholeFile {
  const plain = `${f.stem}-${f.kind}-ubyte`;
  return {
    kind: 'whole',
    name: `${plain}.gz`,
    unpackedNames: [plain, `${f.stem}-${f.kind.replace('-', '.')}-ubyte`],
    published: { sizeBytes: f.sizeBytes, md5: f.md5, sha256: f.sha256 },
    content: f.content,
    maxContentBytes: f.kind === 'images-idx3' ? 16 + maxExamples * rows * cols : 8 + maxExamples,
    urls: homes.map((home) => `${home}${plain}.gz`),
    bundled: `minvar-mnist-${f.bundledDigits}-${plain}.gz`,
  };
}

/** The four files of MNIST with their published checksums. */
export const mnistFiles: readonly WholeFile[] = [
  idxFile({
    stem: 'train',
    kind: 'images-idx3',
    bundledDigits: 5000,
    sizeBytes: 9_912_422,
    md5: 'f68b3c2dcbeaaa9fbdd348bbdeb94873',
    sha256: '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609',
    content: { sizeBytes: 47_040_016, sha256: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db' },
  }),
  idxFile({
    stem: 'train',
    kind: 'labels-idx1',
    bundledDigits: 5000,
    sizeBytes: 28_881,
    md5: 'd53e105ee54ea40749a09fcbcd1e9432',
    sha256: '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c',
    content: { sizeBytes: 60_008, sha256: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5' },
  }),
  idxFile({
    stem: 't10k',
    kind: 'images-idx3',
    bundledDigits: 1000,
    sizeBytes: 1_648_877,
    md5: '9fb629c4189551a2d022fa330f9573f3',
    sha256: '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6',
    content: { sizeBytes: 7_840_016, sha256: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7' },
  }),
  idxFile({
    stem: 't10k',
    kind: 'labels-idx1',
    bundledDigits: 1000,
    sizeBytes: 4_542,
    md5: 'ec29112dd5afa0611ce80d1b7f02629c',
    sha256: 'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6',
    content: { sizeBytes: 10_008, sha256: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2' },
  }),
];

/** Digits as published: n×28×28 bytes of ink (0 = paper, 255 = full ink) and n labels. */
export interface Digits {
  readonly examples: number;
  readonly ink: Uint8Array;
  readonly labels: Int32Array;
}

function readPair(images: SourceContent, labels: SourceContent): Digits {
  const { examples, pixels } = readIdxImages(images.content, images.file, { rows, cols, maxExamples });
  const classes = readIdxLabels(labels.content, labels.file, mnistClasses.length, maxExamples);
  if (classes.length !== examples) {
    throw sourceError(
      labels.file,
      4,
      `it holds ${classes.length} labels, but ${images.file} holds ${examples} images`,
      'Take both files from the same place',
    );
  }
  return { examples, ink: pixels, labels: classes };
}

function partNote(what: string, found: number, official: number, files: readonly SourceContent[]): string | null {
  if (files.every((f) => f.official)) return null;
  const count = found.toLocaleString('en-US');
  const origin = files.some((f) => f.origin === 'bundled') ? 'bundled subset' : 'not the official file';
  return `${count} of ${official.toLocaleString('en-US')} ${what}, ${origin}`;
}

/** Reads the four files. The note says how many digits of how many, when they are not the official ones. */
export function readMnist(files: ReadonlyMap<string, Source>): {
  train: Digits;
  test: Digits;
  note: string | null;
} {
  const [trainImages, trainLabels, testImages, testLabels] = mnistFiles.map((f) => {
    const found = files.get(f.name);
    if (found?.kind !== 'whole')
      throw sourceError(f.name, null, 'the file was not given', 'Resolve every file of the definition before building');
    return found;
  }) as [SourceContent, SourceContent, SourceContent, SourceContent];
  const train = readPair(trainImages, trainLabels);
  const test = readPair(testImages, testLabels);
  const notes = [
    partNote('digits', train.examples, 60_000, [trainImages, trainLabels]),
    partNote('test digits', test.examples, 10_000, [testImages, testLabels]),
  ];
  return { train, test, note: notes.filter((n) => n !== null).join('; ') || null };
}
