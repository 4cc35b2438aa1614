import { randomBytes } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errorCode, isFull, StorageFullError } from '../errors';
import { makeFolders, syncFolder } from '../object-store/files';
import { checkFileSystem } from './file-system';
import { removeLaboratory, writeLaboratory } from './laboratory';
import { acquireLock } from './lock';

/** Where things lie in a home. */
export const homeFolders = (dir: string) => {
  const root = resolve(dir);
  const folder = (name: string): string => join(root, name);
  return {
    root,
    events: folder('events'),
    objects: folder('objects'),
    readModel: folder('read-model'),
    /** of runs in progress; may be deleted when no laboratory runs */
    scratch: folder('scratch'),
    /** copies of objects by hash; may be deleted */
    cache: folder('cache'),
  };
};

export type HomeFolders = ReturnType<typeof homeFolders>;

export interface Home {
  readonly folders: HomeFolders;
  /** Writes `lab.json`, by which the command line finds the laboratory; removed by `close`. */
  announce(laboratory: { url: string; token?: string }): Promise<void>;
  /** A random secret of 32 bytes that stays the same for this home, such as the one that signs links. */
  secret(name: string): Promise<Buffer>;
  close(): Promise<void>;
}

/** No laboratory can live in that place: no right to write there, a file where a folder is wanted, nothing can be made (below /proc). */
export class UnusableHomeError extends Error {
  override readonly name = 'UnusableHomeError';
  constructor(
    readonly home: string,
    options: { cause: Error },
  ) {
    super(
      `the home ${home} cannot be made or written (${options.cause.message}): choose another one with --home or MINVAR_HOME`,
      options,
    );
  }
}

const unusable = new Set<string | undefined>([
  ...['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENOENT', 'ENAMETOOLONG', 'ELOOP', 'EINVAL', 'ENOSYS'],
]);

/**
 * Opens a home for one laboratory: makes its folders and locks it until `close` or the end of the process. Its runners open the log and
 * the objects beside it without the lock. Throws `HomeInUseError`, `UnusableHomeError`, `UnsuitableFileSystemError`, `StorageFullError`.
 */
export async function openHome(dir: string): Promise<Home> {
  const folders = homeFolders(dir);
  const { root, ...below } = folders;
  try {
    await makeFolders(root, 0o700);
    await checkFileSystem(root);
    const lock = await acquireLock(join(root, 'lock'), root);
    // What a laboratory that was killed left behind.
    await removeLaboratory(root);
    for (const folder of Object.values(below)) await makeFolders(folder);
    await syncFolder(root);
    return {
      folders,
      announce: (laboratory) => writeLaboratory(root, laboratory),
      secret: (name) => readOrMakeSecret(join(root, `${name}.secret`)),
      async close() {
        await removeLaboratory(root);
        await lock.release();
      },
    };
  } catch (error) {
    if (isFull(error)) throw new StorageFullError('the home', root, { cause: error });
    if (unusable.has(errorCode(error))) throw new UnusableHomeError(root, { cause: error as Error });
    throw error;
  }
}

/** Only the holder of the lock comes here, so a file that is too short is one that a killed laboratory did not finish. */
async function readOrMakeSecret(path: string): Promise<Buffer> {
  const found = await readFile(path).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  if (found.length === 32) return found;
  const secret = randomBytes(32);
  const handle = await open(path, 'w', 0o600);
  try {
    await handle.writeFile(secret);
    await handle.sync();
  } catch (error) {
    if (isFull(error)) throw new StorageFullError('a secret', path, { cause: error });
    throw error;
  } finally {
    await handle.close();
  }
  return secret;
}
