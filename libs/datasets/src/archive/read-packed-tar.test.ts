import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { paxRecords, tarMembers, tarOf } from '../testing/tar';
import type { TestMember } from '../testing/tar';
import { readBody } from './member';
import { readPackedTar } from './read-packed-tar';

const limits = { maxBytes: 100_000, maxMembers: 10 };
async function* inParts(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

/** path → body, null for folders; bodies of every other member are left unread when `skip` */
async function list(
  bytes: Uint8Array,
  { part = 1000, skip = false, own = limits } = {},
): Promise<Map<string, Uint8Array | null>> {
  const out = new Map<string, Uint8Array | null>();
  for await (const m of readPackedTar(inParts(bytes, part), 'a.tar', own))
    out.set(m.path, m.kind === 'folder' ? null : skip && out.size % 2 === 1 ? new Uint8Array(0) : await readBody(m));
  return out;
}
const refused = (bytes: Uint8Array, own = limits): Promise<unknown> => list(bytes, { own });

const file = (name: string, n: number, more: Partial<TestMember> = {}): TestMember => ({
  name,
  data: Uint8Array.from({ length: n }, (_, i) => (i * 7 + n) % 251),
  ...more,
});
const good = [file('a/1', 700), file('a/2', 512), file('b', 0)];
const packed = gzipSync(tarOf(good));

describe('an archive', () => {
  const golden = JSON.parse(readFileSync(new URL('./golden/archives.json', import.meta.url), 'utf8')) as {
    name: string;
    archive: string;
    members: Record<string, { size: number; sha256: string } | null>;
  }[];
  it.each(golden)(
    'as Python writes it in the $name format is read as Python put it in',
    async ({ archive, members }) => {
      const found = await list(Buffer.from(archive, 'base64'));
      const described = [...found].map(([path, body]) => [
        path,
        body && { size: body.length, sha256: createHash('sha256').update(body).digest('hex') },
      ]);
      expect(Object.fromEntries(described)).toEqual(members);
    },
  );

  it.each([1, 100, 512, 1_000_000])(
    'is the same in parts of %i bytes, packed or not, bodies read or skipped',
    async (part) => {
      const plain = tarOf(good);
      for (const bytes of [plain, gzipSync(plain)]) {
        const found = await list(bytes, { part });
        expect([...found.keys()]).toEqual(['a/1', 'a/2', 'b']);
        for (const m of good) expect(Buffer.from(found.get(m.name)!)).toEqual(Buffer.from(m.data!));
        expect((await list(bytes, { part, skip: true })).get('b')).toEqual(found.get('b'));
      }
    },
  );

  it('says where the data of a member begins in the unpacked content', async () => {
    const plain = tarOf(good);
    for await (const m of readPackedTar(inParts(gzipSync(plain), 64), 'a.tar', limits)) {
      const wanted = good.find((g) => g.name === m.path)!.data!;
      expect(Buffer.from(plain.subarray(m.offset!, m.offset! + m.sizeBytes))).toEqual(Buffer.from(wanted));
    }
  });

  it('lets its source go when the reader stops early', async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield* inParts(packed, 10);
      } finally {
        closed = true;
      }
    }
    for await (const _ of readPackedTar(source(), 'a.tar', limits)) break;
    expect(closed).toBe(true);
  });

  it('passes on an error of its source as it is', async () => {
    async function* source(): AsyncGenerator<Uint8Array> {
      yield packed.subarray(0, 20);
      throw new Error('the disk is gone');
    }
    const read = async (): Promise<void> => {
      for await (const _ of readPackedTar(source(), 'a.tar', limits));
    };
    await expect(read()).rejects.toThrow(/^the disk is gone$/);
  });
});

describe('a hostile or broken archive is refused with file and offset:', () => {
  const pax = (records: Record<string, string>, type = 'x'): TestMember => ({
    name: 'pax',
    type,
    data: paxRecords(records),
  });
  const damaged = (at: number): Uint8Array => {
    const copy = Uint8Array.from(packed);
    copy[at]! ^= 0xff;
    return copy;
  };
  const big = gzipSync(tarOf(Array.from({ length: 8 }, (_, i) => file(`f${i}`, 5000 + i))), { level: 0 });
  const cases: readonly [string, Uint8Array, RegExp][] = [
    [
      'nothing',
      new Uint8Array(0),
      /^a\.tar, offset 0: the archive is truncated: it ends in its first header, 512 bytes short/,
    ],
    ['cut in a header', tarOf(good).subarray(0, 300), /^a\.tar, offset 300: the archive is truncated/],
    ['cut in a member', tarOf(good).subarray(0, 1000), /^a\.tar, offset 1000: .*it ends in 'a\/1', 212 bytes short/],
    ['cut between members', tarMembers(good), /^a\.tar, offset 3072: .*it ends in the header after 'b'/],
    ['cut in its end', tarOf(good).subarray(0, -512), /^a\.tar, offset 3584: .*it ends in its end marker/],
    [
      'cut in its gzip stream',
      packed.subarray(0, -12),
      /^a\.tar, offset \d+: the gzip stream is damaged in .*unexpected end of file/,
    ],
    [
      'damaged in its gzip header',
      damaged(2),
      /^a\.tar, offset 0: the gzip stream is damaged in its first header: unknown compression/,
    ],
    [
      'damaged in its CRC',
      damaged(packed.length - 8),
      /^a\.tar, offset \d+: the gzip stream is damaged in .*incorrect data check/,
    ],
    ['damaged in its length', damaged(packed.length - 1), /incorrect length check/],
    [
      'a flipped byte of stored data',
      Uint8Array.from(big, (b, i) => (i === 20_000 ? b ^ 1 : b)),
      /incorrect data check/,
    ],
    [
      'bytes behind its gzip stream',
      Buffer.concat([packed, Buffer.from('more')]),
      /^a\.tar, offset \d+: the gzip stream is damaged/,
    ],
    [
      'zeros behind its gzip stream',
      Buffer.concat([packed, new Uint8Array(3000)]),
      /bytes follow its end at offset \d+ of the packed file/,
    ],
    [
      'bytes behind its end',
      Buffer.concat([tarOf(good), Buffer.from('\0\0x')]),
      /^a\.tar, offset 4098: bytes follow the end of the archive/,
    ],
    [
      'one block of zeros as its end',
      Buffer.concat([tarMembers(good), new Uint8Array(512), Buffer.alloc(512, 1)]),
      /^a\.tar, offset 3584: the end marker is one block/,
    ],
    [
      'no archive at all',
      Buffer.alloc(2048, 'text '),
      /^a\.tar, offset 0: its first header is no tar header: its checksum is no number/,
    ],
    [
      'a header with a wrong checksum',
      tarOf([file('a', 1), file('b', 1, { spoil: (h) => void (h[0] = 0x63) })]),
      /^a\.tar, offset 1024: the header after 'a' is no tar header/,
    ],
    [
      'a size that is no octal number',
      tarOf([file('a', 1, { spoil: () => {}, claims: Number.NaN })]),
      /size of the member is no octal number/,
    ],
    [
      'a member that claims more than there is',
      tarOf([file('a', 10, { claims: 9_000 })]),
      /^a\.tar, offset \d+: .*truncated: it ends in 'a'/,
    ],
    [
      'a member that claims more than fits',
      tarOf([file('a', 10, { claims: 8_000_000_000 })]),
      /^a\.tar, offset 512: with 'a' the archive unpacks to more than 100000 bytes/,
    ],
    [
      'a bomb',
      gzipSync(tarOf([file('a', 90_000), file('b', 90_000)])),
      /^a\.tar, offset 91136: with 'b' the archive unpacks to more than 100000/,
    ],
    [
      'a bomb of zeros behind its end',
      gzipSync(Buffer.concat([tarOf(good), new Uint8Array(1 << 20)])),
      /unpacks to more than 100000 bytes/,
    ],
    [
      'more members than the cap',
      tarOf(Array.from({ length: 11 }, (_, i) => file(`f${i}`, 0))),
      /^a\.tar, offset 5120: 'f10' is one more than the 10 members/,
    ],
    [
      'a symbolic link',
      tarOf([file('a', 1), { name: 'l', type: '2' }]),
      /^a\.tar, offset 1024: 'l' is a symbolic link/,
    ],
    ['a hard link', tarOf([{ name: 'l', type: '1' }]), /^a\.tar, offset 0: 'l' is a hard link/],
    ['a character device', tarOf([{ name: 'd', type: '3' }]), /'d' is a character device/],
    ['a block device', tarOf([{ name: 'd', type: '4' }]), /'d' is a block device/],
    ['a pipe', tarOf([{ name: 'p', type: '6' }]), /'p' is a named pipe/],
    ['a sparse file', tarOf([{ name: 's', type: 'S' }]), /'s' is a sparse file/],
    [
      'a sparse file in PAX',
      tarOf([pax({ 'GNU.sparse.major': '1' }), file('s', 1)]),
      /a PAX record 'GNU\.sparse\.major'/,
    ],
    ['a type that nobody knows', tarOf([{ name: 'u', type: 'Z' }]), /'u' is of an unknown type 'Z'/],
    [
      'an absolute path',
      tarOf([file('/etc/passwd', 1)]),
      /^a\.tar, offset 0: '\/etc\/passwd': its name is an absolute path/,
    ],
    ['a path of another system', tarOf([file('C:\\x', 1)]), /absolute path/],
    ['a path upwards', tarOf([file('a/../../b', 1)]), /leads upwards/],
    [
      'a path upwards in PAX',
      tarOf([pax({ path: '../b' }), file('a', 1)]),
      /^a\.tar, offset 1024: '\.\.\/b': its name leads upwards/,
    ],
    ['a backslash', tarOf([file('a\\b', 1)]), /control characters, backslashes or no UTF-8/],
    [
      'a control character',
      tarOf([file('a\u001b[2Jb', 1)]),
      /^a\.tar, offset 0: 'a\?\[2Jb': its name holds control characters/,
    ],
    ['a name that is no UTF-8', tarOf([latin('caf\xe9')]), /no UTF-8/],
    [
      'a name too long',
      tarOf([pax({ path: 'x'.repeat(600) }), file('a', 1)]),
      /its name has 600 characters; at most 512/,
    ],
    [
      'a name header of a gigabyte',
      tarOf([{ name: 'L', type: 'L', claims: 1 << 30 }]),
      /^a\.tar, offset 0: a header of 1073741824 bytes for a name/,
    ],
    ['a member twice', tarOf([file('a', 1), file('./a', 1)]), /^a\.tar, offset 1024: '\.\/a' is there twice/],
    ['a file that is also a folder', tarOf([file('a', 1), { name: 'a/' }]), /'a\/' is there twice/],
    ['a folder with data', tarOf([{ name: 'a/', data: Uint8Array.of(1) }]), /the folder 'a\/' has 1 bytes of data/],
    [
      'two sizes',
      tarOf([pax({ size: '4' }), file('a', 3)]),
      /'a' has two sizes: 3 in its header, '4' in its PAX record/,
    ],
    [
      'a PAX record longer than its header',
      tarOf([{ name: 'p', type: 'x', data: Buffer.from('99 path=a\n') }, file('a', 1)]),
      /^a\.tar, offset 0: a PAX record that says it is '99' bytes long/,
    ],
    [
      'a PAX record without a key',
      tarOf([{ name: 'p', type: 'x', data: Buffer.from('6 abc\n') }, file('a', 1)]),
      /a PAX record without a key/,
    ],
    ['a link target in PAX', tarOf([pax({ linkpath: '/etc' }), file('a', 1)]), /a PAX record 'linkpath'/],
    ['one path for all members', tarOf([pax({ path: 'x' }, 'g'), file('a', 1)]), /a PAX record 'path'/],
  ];
  function latin(name: string): TestMember {
    return { name: 'x'.repeat(name.length), spoil: (h) => rename(h, Buffer.from(name, 'latin1')) };
  }
  function rename(header: Uint8Array, name: Uint8Array): void {
    header.set(name);
    header.fill(0x20, 148, 156);
    header.set(
      Buffer.from(
        `${header
          .reduce((a, b) => a + b, 0)
          .toString(8)
          .padStart(6, '0')}\0 `,
      ),
      148,
    );
  }
  it('bytes behind its gzip stream, wherever the parts are cut', async () => {
    for (const tail of [Buffer.from('more'), new Uint8Array(2000), Buffer.of(0, 1)])
      for (const part of [1, 7, packed.length, packed.length + 1])
        await expect(list(Buffer.concat([packed, tail]), { part })).rejects.toThrow(
          /the gzip stream is damaged|bytes follow the end/,
        );
  });
  it.each(cases)('%s', async (_, bytes, message) => {
    await expect(refused(bytes)).rejects.toThrow(message);
  });
});
