import { statfs } from 'node:fs/promises';

// statfs(2), f_type. On these neither memory maps nor locks nor rename and link hold what the log and the store need.
const unsuitable = new Map([
  [0x6969, 'NFS'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0x00c36400, 'CephFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x0000517b, 'SMB'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
]);

export class UnsuitableFileSystemError extends Error {
  override readonly name = 'UnsuitableFileSystemError';
  constructor(
    readonly home: string,
    readonly fileSystem: string,
  ) {
    super(
      `the home ${home} lies on ${fileSystem}, which does not keep what a durable log needs (memory maps, locks, exclusive links). Choose a folder on a local disk with --home or MINVAR_HOME; results can be copied to ${fileSystem} afterwards`,
    );
  }
}

/** Name of a network file system by its statfs type, or null when a home may lie on it. */
export const unsuitableFileSystem = (type: number): string | null => unsuitable.get(type >>> 0) ?? null;

export async function checkFileSystem(home: string): Promise<void> {
  const name = unsuitableFileSystem((await statfs(home)).type);
  if (name !== null) throw new UnsuitableFileSystemError(home, name);
}
