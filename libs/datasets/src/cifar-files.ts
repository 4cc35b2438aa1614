import type { ArchiveFile, SourceArchive, Source } from './source';
import { sourceError } from './source-error';

export const cifarShape = [32, 32, 3] as const;
export const cifarSource = 'https://www.cs.toronto.edu/~kriz/cifar.html';
export const cifarCitation =
  'A. Krizhevsky. Learning Multiple Layers of Features from Tiny Images. Technical report, University of Toronto, 2009.';
export const cifarLicence =
  'none stated by its authors, who ask for the citation of the technical report of 2009; the images come from the web (80 Million Tiny Images)';

export const cifar10Classes = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
] as const;

const home = 'https://www.cs.toronto.edu/~kriz/';

/** Sizes and checksums as published: MD5 on the authors' page; SHA-256 and size in TensorFlow Datasets, MLDatasets.jl and torchvision-ruby. */
export const cifar10Official: ArchiveFile = {
  kind: 'archive',
  name: 'cifar-10-binary.tar.gz',
  unpackedNames: ['cifar-10-binary.tar'],
  published: {
    sizeBytes: 170_052_171,
    md5: 'c32a1d4ab5d03f1284b67883e8d87530',
    sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
  },
  // 60,000 records of 3,073 bytes are 184,380,000 bytes; a local archive may hold somewhat more
  maxContentBytes: 400_000_000,
  maxMembers: 100,
  urls: [`${home}cifar-10-binary.tar.gz`],
  bundled: null,
};

export const cifar100Official: ArchiveFile = {
  kind: 'archive',
  name: 'cifar-100-binary.tar.gz',
  unpackedNames: ['cifar-100-binary.tar'],
  published: {
    sizeBytes: 168_513_733,
    md5: '03b5dce01913d631647c71ecec9e9cb8',
    sha256: '58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec',
  },
  maxContentBytes: 400_000_000,
  maxMembers: 100,
  urls: [`${home}cifar-100-binary.tar.gz`],
  bundled: null,
};

/** The images of CIFAR-10 as JPEG files in folders `train/<class>` and `test/<class>`: nobody's official file, taken from `--data`. */
export const cifar10Jpeg: ArchiveFile = {
  kind: 'archive',
  name: 'cifar10-jpeg.tar.gz',
  unpackedNames: ['cifar10-jpeg.tar'],
  published: null,
  maxContentBytes: 400_000_000,
  maxMembers: 101_000,
  urls: [],
  bundled: null,
};

/** The archive of that name among the files that a definition was given, or null. */
export function archiveOf(files: ReadonlyMap<string, Source>, name: string): SourceArchive | null {
  const found = files.get(name);
  return found?.kind === 'archive' ? found : null;
}

/** As `archiveOf`; throws when it is not there. */
export function neededArchive(files: ReadonlyMap<string, Source>, name: string): SourceArchive {
  return (
    archiveOf(files, name) ??
    (() => {
      throw sourceError(
        name,
        null,
        'the archive was not given',
        'Resolve every file of the definition before building',
      );
    })()
  );
}

/** What a card says of archives that are not the official ones; null for those that are. */
export function cifarNote(train: number, test: number, official: boolean): string | null {
  const n = (x: number): string => x.toLocaleString('en-US');
  return official ? null : `${n(train)} of 50,000 training and ${n(test)} of 10,000 test images, not the official file`;
}
