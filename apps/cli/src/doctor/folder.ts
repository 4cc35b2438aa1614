import { existsSync } from 'node:fs';
import { access, constants, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatBytes } from '../output/progress';
import type { Finding } from './check';
import { fail, ok, warn } from './check';

/** The nearest folder above that exists: where a home that is not there yet would be made. */
export function existingAbove(path: string): string {
  return existsSync(path) ? path : existingAbove(dirname(path));
}

/** f_type of statfs(2), from linux/magic.h. On network file systems locks and links are not what they seem. */
const networks = new Map<number, string>([
  [0x6969, 'NFS'],
  [0x0bd00bd0, 'Lustre'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x01021997, '9P'],
  [0x65735546, 'FUSE'],
  [0x47504653, 'GPFS'],
  [0x00c36400, 'Ceph'],
]);
const locals = new Map<number, string>([
  [0xef53, 'ext4'],
  [0x58465342, 'XFS'],
  [0x9123683e, 'Btrfs'],
  [0x01021994, 'tmpfs'],
  [0x794c7630, 'overlay'],
  [0x2fc12fc1, 'ZFS'],
]);

const needed = 2e9;

/** The file system under a folder, whether it can be written, and how much space it has. */
export async function checkFolder(check: string, path: string): Promise<Finding[]> {
  const folder = existingAbove(path);
  const { type, bavail, bsize } = await statfs(folder);
  const network = networks.get(type >>> 0);
  const name = network ?? locals.get(type >>> 0) ?? `type 0x${(type >>> 0).toString(16)}`;
  const free = bavail * bsize;
  const writable = await access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
  const elsewhere = 'set MINVAR_HOME, or give --home, a folder';
  return [
    !writable
      ? fail(check, `${folder} cannot be written`, `${elsewhere} that you may write to`)
      : network
        ? fail(
            check,
            `${path} is on ${name}`,
            `${elsewhere} on a local disk: a log needs its locks and its syncs to be real`,
          )
        : ok(check, `${path}${folder === path ? '' : ' (not there yet)'} on ${name}`),
    free >= needed
      ? ok('space', `${formatBytes(free)} free`)
      : warn(
          'space',
          `${formatBytes(free)} free`,
          `less than ${formatBytes(needed)}: free some, or ${elsewhere} elsewhere`,
        ),
  ];
}
