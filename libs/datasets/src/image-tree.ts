import type { ArchiveMember } from './archive/member';
import { printable, readBody } from './archive/member';
import type { BuiltSplit, DecodedImage, ImageDecoder } from './define-dataset';
import type { SplitRows } from './order';
import { sourceRows, trainingRows } from './order';
import type { SourceArchive } from './source';
import { sourceError } from './source-error';

export interface ImageTreeOptions {
  /** the only classes there may be, in their order; null: the folders that there are, by name */
  readonly classes: readonly string[] | null;
  /** height and width that every image must have; null: that of the first one */
  readonly side: number | null;
  readonly maxImageBytes: number;
  readonly maxPixels: number;
  readonly channels: 1 | 3;
  /** side of the square that images are scaled to; null: they are taken as they are */
  readonly size: number | null;
  readonly images: ImageDecoder | undefined;
  readonly breathe: () => Promise<void>;
  readonly onProgress: (phase: string, doneBytes: number, totalBytes: number) => void;
}

export interface ImageTree {
  readonly classes: readonly string[];
  readonly examples: { readonly train: number; readonly test: number };
  /** height, width, channels */
  readonly inputShape: readonly number[];
  readonly splits: (validation: boolean) => AsyncGenerator<BuiltSplit>;
}

const splitNames = ['train', 'validation', 'test'] as const;
type SplitName = (typeof splitNames)[number];

/** One image: its path and the index of its class. */
interface Entry {
  readonly path: string;
  readonly label: number;
}

const maxClasses = 1000;
const maxClassName = 100;
const maxSplitBytes = 2 ** 30;
const layoutRule = 'Images lie in train/<class>/ and test/<class>/ (and validation/<class>/), as .jpg or .png files';
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function memberError(member: ArchiveMember, problem: string, wayOut = layoutRule): Error {
  return sourceError(member.file, member.offset, `${printable(member.path)} ${problem}`, wayOut);
}

/** Split and class of a member; null for what lies beside the splits or is hidden (names that begin with a dot). One folder may be around all of it. */
function place(member: ArchiveMember): { split: SplitName; className: string; isImage: boolean } | null {
  const segments = member.path.split('/');
  if (segments.some((s) => s.startsWith('.'))) return null;
  const at = splitNames.includes(segments[0] as SplitName) ? 0 : 1;
  const split = splitNames.find((s) => s === segments[at]);
  if (!split) return null;
  const depth = segments.length - at;
  const className = segments[at + 1];
  if (className === undefined) {
    if (member.kind === 'file') throw memberError(member, 'is a file, but that is the folder of a split');
    return null;
  }
  if (member.kind === 'folder') {
    if (depth > 2) throw memberError(member, 'is a folder inside that of a class');
    return { split, className, isImage: false };
  }
  if (depth !== 3) throw memberError(member, 'is not in the folder of a class');
  if (!/\.(jpe?g|png)$/i.test(member.path)) throw memberError(member, 'is no image (.jpg, .png)');
  return { split, className, isImage: true };
}

interface Found {
  readonly classes: readonly string[];
  readonly entries: ReadonlyMap<SplitName, readonly Entry[]>;
  /** path of the first image */
  readonly first: string;
  readonly height: number;
  readonly width: number;
}

/** Decodes a member; an error names the member. */
const decodeMember = async (
  member: ArchiveMember,
  encoded: Uint8Array,
  images: ImageDecoder,
  o: ImageTreeOptions,
): Promise<DecodedImage> =>
  images.decode(encoded, { channels: o.channels, maxPixels: o.maxPixels, size: o.size }).catch((e: Error) => {
    throw memberError(member, `can't be decoded: ${e.message}`, 'Replace the image or leave it out');
  });

/** What there is, by split and class: names, sizes and classes are checked to the end of the archive; the first image says how large the others must be. */
async function findImages(archive: SourceArchive, images: ImageDecoder, o: ImageTreeOptions): Promise<Found> {
  let first: { path: string; height: number; width: number } | null = null;
  const found = new Map<SplitName, Map<string, string[]>>(splitNames.map((s) => [s, new Map()]));
  let prefix: string | null = null;
  for await (const member of archive.members()) {
    await o.breathe();
    const at = place(member);
    if (!at) continue;
    const { split, className, isImage } = at;
    const around = splitNames.includes(member.path.split('/')[0] as SplitName) ? '' : member.path.split('/')[0]!;
    prefix ??= around;
    if (prefix !== around) throw memberError(member, `is in another folder than the images before it ('${prefix}')`);
    if (o.classes && !o.classes.includes(className))
      throw memberError(member, `is in a folder that is no class (the classes are ${o.classes.join(', ')})`);
    if (className.length > maxClassName)
      throw memberError(member, `is in a class whose name has more than ${maxClassName} characters`);
    const ofSplit = found.get(split)!;
    if (!ofSplit.has(className)) ofSplit.set(className, []);
    if (ofSplit.size > maxClasses)
      throw memberError(member, `is in one class more than the ${maxClasses} that are accepted`);
    if (!isImage) continue;
    if (member.sizeBytes > o.maxImageBytes)
      throw memberError(
        member,
        `has ${member.sizeBytes} bytes; at most ${o.maxImageBytes} are accepted for an image`,
        'Make the images smaller',
      );
    ofSplit.get(className)!.push(member.path);
    if (!first) {
      const fixed = o.size ?? o.side;
      const { height, width } =
        fixed === null
          ? await decodeMember(member, await readBody(member), images, o)
          : { height: fixed, width: fixed };
      first = { path: member.path, height, width };
    }
  }
  const classes = o.classes ?? [...found.get('train')!.keys()].sort(byText);
  const fail = (problem: string): never => {
    throw sourceError(archive.file, null, problem, layoutRule);
  };
  if (classes.length < 2) fail(`it holds ${classes.length} classes of training images; at least 2 are needed`);
  const entries = new Map<SplitName, Entry[]>();
  for (const split of splitNames) {
    const ofSplit = found.get(split)!;
    if (split === 'validation' && ofSplit.size === 0) continue;
    const foreign = [...ofSplit.keys()].find((c) => !classes.includes(c));
    if (foreign !== undefined) fail(`${split}/${foreign} is a class without training images`);
    const empty = classes.find((c) => (ofSplit.get(c) ?? []).length === 0);
    if (empty !== undefined) fail(`${split}/${empty} holds no image`);
    entries.set(
      split,
      classes.flatMap((c, label) =>
        ofSplit
          .get(c)!
          .sort(byText)
          .map((path) => ({ path, label })),
      ),
    );
  }
  return { classes, entries, first: first!.path, height: first!.height, width: first!.width };
}

/**
 * Images in a folder a class, of an archive or a plain folder. It is looked through once, then read once a split. Examples stand in the order
 * of class and name (the training ones in their fixed random order), so that the order of the archive makes no difference.
 */
export async function readImageTree(archive: SourceArchive, o: ImageTreeOptions): Promise<ImageTree> {
  const { images } = o;
  if (!images)
    throw sourceError(
      archive.file,
      null,
      'it holds encoded images and no decoder was given',
      'Give the build `images`',
    );
  const { classes, entries, first, height, width } = await findImages(archive, images, o);
  const imageBytes = height * width * o.channels;

  async function read(own: readonly Entry[], rows: SplitRows): Promise<BuiltSplit> {
    if (imageBytes * rows.examples > maxSplitBytes)
      throw sourceError(
        archive.file,
        null,
        `${rows.examples} images of ${height}×${width} for ${rows.name} are more than ${maxSplitBytes} bytes`,
        'Set the parameter size to a smaller one',
      );
    const inputs = new Uint8Array(imageBytes * rows.examples);
    const labels = new Int32Array(rows.examples);
    const exampleOf = new Map(own.map((e, i) => [e.path, i]));
    const running = new Set<Promise<void>>();
    /** of the first image in the archive that failed, however late its decoder said so */
    let failure: { order: number; error: Error } | null = null;
    let [begun, done] = [0, 0];

    async function decode(member: ArchiveMember, encoded: Uint8Array, row: number, order: number): Promise<void> {
      try {
        const image = await decodeMember(member, encoded, images!, o);
        if (image.height !== height || image.width !== width)
          throw memberError(
            member,
            `has ${image.height}×${image.width} pixels, but ${o.side === null ? printable(first) : 'every image of this dataset'} has ${height}×${width}`,
            o.side === null ? 'Set the parameter size, so that images are scaled to one size' : 'Replace the image',
          );
        inputs.set(image.pixels, row * imageBytes);
        o.onProgress(`decoding ${rows.name}`, ++done * imageBytes, inputs.length);
      } catch (e) {
        if (!failure || order < failure.order) failure = { order, error: e as Error };
      }
    }
    const failed = (): Error | null => (failure as { error: Error } | null)?.error ?? null;

    try {
      for await (const member of archive.members()) {
        const example = exampleOf.get(member.path);
        const row = example === undefined ? -1 : rows.rowOf[example]!;
        if (row < 0) continue;
        await o.breathe();
        labels[row] = own[example!]!.label;
        const task: Promise<void> = decode(member, await readBody(member), row, begun++).finally(() =>
          running.delete(task),
        );
        running.add(task);
        if (running.size >= images!.atOnce) await Promise.race(running);
        if (failed()) break;
      }
    } finally {
      await Promise.all(running);
    }
    const error = failed();
    if (error) throw error;
    if (begun !== rows.examples)
      throw sourceError(
        archive.file,
        null,
        `${begun} of ${rows.examples} images were still there when it was read again`,
        'Leave the data alone while it is read',
      );
    return {
      name: rows.name,
      inputs,
      shape: [rows.examples, height, width, o.channels],
      labels,
      attributes: null,
      decodability: null,
    };
  }

  const [train, validation, test] = splitNames.map((name) => entries.get(name) ?? null);
  async function* splits(setAside: boolean): AsyncGenerator<BuiltSplit> {
    if (validation && setAside)
      throw sourceError(
        archive.file,
        null,
        'it has validation images of its own',
        'Leave the parameter validation false',
      );
    for (const rows of trainingRows(train!.length, setAside)) yield await read(train!, rows);
    if (validation) yield await read(validation, sourceRows('validation', validation.length));
    yield await read(test!, sourceRows('test', test!.length));
  }
  return {
    classes,
    examples: { train: train!.length, test: test!.length },
    inputShape: [height, width, o.channels],
    splits,
  };
}
