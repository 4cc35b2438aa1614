import { here } from '../world/virtual';

/*
 * The disk of the process that asks: paths to bytes, folders as far as somebody made them or they hold a file. Nothing waits and
 * nothing fails; faults of disks are tested on real ones.
 */

const disk = (): Map<string, Uint8Array> => here().current().disk;
const within = (path: string): string[] => [...disk().keys()].filter((k) => k === path || k.startsWith(`${path}/`));

function missing(path: string, call: string): Error {
  return Object.assign(new Error(`ENOENT: no such file or directory, ${call} '${path}'`), { code: 'ENOENT', path });
}
function bytesAt(path: string, call: string): Uint8Array {
  const found = disk().get(path);
  if (!found) throw missing(path, call);
  return found;
}
const folder = new Uint8Array();

export const existsSync = (path: string): boolean => within(path).length > 0;
export const mkdirSync = (path: string): void => void disk().set(`${path}/.`, folder);
export const writeFileSync = (path: string, data: Uint8Array | string): void =>
  void disk().set(path, typeof data === 'string' ? Buffer.from(data) : Uint8Array.from(data));
export const readFileSync = (path: string, encoding?: BufferEncoding): Buffer | string => {
  const bytes = Buffer.from(bytesAt(path, 'open'));
  return encoding ? bytes.toString(encoding) : bytes;
};
export const rmSync = (path: string): void => within(path).forEach((k) => disk().delete(k));
export const statfsSync = (): { bavail: number; bsize: number } => ({ bavail: 1e9, bsize: 4096 });
export function createReadStream(path: string): AsyncIterable<Uint8Array> {
  return (async function* () {
    yield bytesAt(path, 'open');
  })();
}

export const mkdir = async (path: string): Promise<void> => mkdirSync(path);
export const writeFile = async (path: string, data: Uint8Array | string): Promise<void> => writeFileSync(path, data);
export const readFile = async (path: string, encoding?: BufferEncoding): Promise<Buffer | string> =>
  readFileSync(path, encoding);
export const rm = async (path: string): Promise<void> => rmSync(path);
export const stat = async (path: string): Promise<{ size: number }> => ({ size: bytesAt(path, 'stat').length });
export const link = async (from: string, to: string): Promise<void> => void disk().set(to, bytesAt(from, 'link'));
export const rename = async (from: string, to: string): Promise<void> => {
  await link(from, to);
  disk().delete(from);
};
