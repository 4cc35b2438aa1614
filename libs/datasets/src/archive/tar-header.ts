export const blockSize = 512;

export interface TarHeader {
  readonly name: string;
  readonly type: string;
  readonly sizeBytes: number;
}

const text = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0);
  // bytes that are no UTF-8 become U+FFFD, which no path may hold
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
};

/** An octal number field, or null: GNU's binary sizes begin above any cap of ours. */
function octal(field: Uint8Array): number | null {
  const digits = /^ *([0-7]+)[ \0]*$/.exec(String.fromCharCode(...field))?.[1];
  return digits === undefined ? null : Number.parseInt(digits, 8);
}

function checksum(block: Uint8Array): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < blockSize; i++) if (i < 148 || i >= 156) sum += block[i]!;
  return sum;
}

/** Reads one header block (POSIX ustar, GNU or the older form), or says what is wrong with it. */
export function readTarHeader(block: Uint8Array): TarHeader | { readonly problem: string } {
  const claimed = octal(block.subarray(148, 156));
  if (claimed !== checksum(block))
    return {
      problem: `no tar header: its checksum is ${claimed ?? 'no number'}, that of its bytes ${checksum(block)}`,
    };
  const sizeBytes = octal(block.subarray(124, 136));
  if (sizeBytes === null) return { problem: 'the size of the member is no octal number' };
  const magic = String.fromCharCode(...block.subarray(257, 263));
  const prefix = magic === 'ustar\0' ? text(block.subarray(345, 500)) : '';
  const name = text(block.subarray(0, 100));
  const flag = block[156]!;
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    type: flag === 0 ? (name.endsWith('/') ? '5' : '0') : String.fromCharCode(flag),
    sizeBytes,
  };
}

/** What a member may not be. */
export const refusedTypes: Readonly<Record<string, string>> = {
  '1': 'a hard link',
  '2': 'a symbolic link',
  '3': 'a character device',
  '4': 'a block device',
  '6': 'a named pipe',
  K: 'a link with a long name',
  M: 'a part of a file on another volume',
  S: 'a sparse file',
  V: 'a volume label',
};

/** The records of a PAX extended header (`<length> <key>=<value>\n`), or what is wrong with them. */
export function readPaxRecords(bytes: Uint8Array): Map<string, string> | { readonly problem: string } {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const length = space < 0 ? '' : String.fromCharCode(...bytes.subarray(at, Math.min(space, at + 8)));
    const end = at + Number(length);
    if (!/^[1-9]\d*$/.test(length) || end > bytes.length || bytes[end - 1] !== 0x0a)
      return { problem: `a PAX record that says it is ${length === '' ? 'nothing' : `'${length}'`} bytes long` };
    const record = new TextDecoder().decode(bytes.subarray(space + 1, end - 1));
    const equals = record.indexOf('=');
    if (equals < 1) return { problem: 'a PAX record without a key' };
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at = end;
  }
  return records;
}
