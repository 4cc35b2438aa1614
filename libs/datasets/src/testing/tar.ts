/** A member as a test wants it in its archive; what is left out is as it should be. */
export interface TestMember {
  readonly name: string;
  readonly data?: Uint8Array;
  /** type flag, e.g. `2` for a symbolic link */
  readonly type?: string;
  /** what the header claims */
  readonly claims?: number;
  /** the header, to be spoilt after its checksum was made */
  readonly spoil?: (header: Uint8Array) => void;
}

const block = 512;
const text = (s: string): Uint8Array => new TextEncoder().encode(s);
const octal = (n: number, digits: number): string => n.toString(8).padStart(digits, '0');

function header({ name, data = new Uint8Array(0), type, claims, spoil }: TestMember): Uint8Array {
  const out = new Uint8Array(block);
  const put = (at: number, s: string): void => out.set(text(s), at);
  put(0, name);
  put(100, '0000644\0');
  put(108, '0000000\0');
  put(116, '0000000\0');
  put(124, `${octal(claims ?? data.length, 11)}\0`);
  put(136, `${octal(0, 11)}\0`);
  put(148, ' '.repeat(8));
  put(156, type ?? (name.endsWith('/') ? '5' : '0'));
  put(257, 'ustar\x0000');
  put(
    148,
    `${octal(
      out.reduce((a, b) => a + b, 0),
      6,
    )}\0 `,
  );
  spoil?.(out);
  return out;
}

/** The members of an archive as bytes, without its end. */
export function tarMembers(members: readonly TestMember[]): Uint8Array {
  return Buffer.concat(
    members.flatMap((m) => {
      const data = m.data ?? new Uint8Array(0);
      return [header(m), data, new Uint8Array((block - (data.length % block)) % block)];
    }),
  );
}

/** A tar archive (POSIX ustar). */
export const tarOf = (members: readonly TestMember[]): Uint8Array =>
  Buffer.concat([tarMembers(members), new Uint8Array(2 * block)]);

/** The data of a PAX extended header with these records. */
export const paxRecords = (records: Readonly<Record<string, string>>): Uint8Array =>
  text(
    Object.entries(records)
      .map(([k, v]) => {
        const rest = ` ${k}=${v}\n`;
        let length = rest.length;
        while (`${length}${rest}`.length !== length) length = `${length}${rest}`.length;
        return `${length}${rest}`;
      })
      .join(''),
  );
