import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StorageFullError } from '../errors';
import { isProcessAlive, processIdentity } from '../processes';
import type { ForkedChild } from '../testing/bundle';
import { bundleAndFork } from '../testing/bundle';
import { smallDisk } from '../testing/small-disk';
import { unsuitableFileSystem, UnsuitableFileSystemError } from './file-system';
import { openHome, UnusableHomeError } from './home';
import { findLaboratory } from './laboratory';
import { HomeInUseError } from './lock';

interface Answer {
  held: boolean;
  name?: string;
  message?: string;
}

describe('a home', () => {
  let dir: string;
  const children: ForkedChild[] = [];
  beforeEach(async () => void (dir = join(await mkdtemp(join(tmpdir(), 'minvar-home-')), 'a', 'home')));
  afterEach(async () => {
    for (const c of children.splice(0)) {
      c.process.kill('SIGCONT');
      await c.end();
    }
    await rm(join(dir, '..', '..'), { recursive: true });
  });
  async function fork(home = dir): Promise<ForkedChild> {
    const child = await bundleAndFork(join(import.meta.dirname, '../testing/home.child.ts'), [home]);
    children.push(child);
    expect(await child.next()).toBe('ready');
    return child;
  }
  async function open(child: ForkedChild): Promise<Answer> {
    child.send('open');
    return child.next<Answer>();
  }

  it('is made with its folders, which only its owner may enter', async () => {
    const home = await openHome(dir);
    expect((await readdir(dir)).sort()).toEqual(['cache', 'events', 'lock', 'objects', 'read-model', 'scratch']);
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    expect(home.folders.readModel).toBe(join(dir, 'read-model'));
    await home.close();
  });

  it('is refused to a second process, also by another path, with pid and home in the message', async () => {
    const holder = await fork();
    expect(await open(holder)).toEqual({ held: true });
    const link = join(dir, '..', 'alias');
    await symlink(dir, link);
    for (const path of [dir, link]) {
      const error = await openHome(path).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(HomeInUseError);
      expect(error).toMatchObject({ home: path, pid: holder.pid });
      expect((error as Error).message).toContain(`the home ${path} is in use by process ${holder.pid}`);
    }
  });

  it('is refused to a second laboratory of the same process', async () => {
    const home = await openHome(dir);
    await expect(openHome(dir)).rejects.toThrow(`in use by process ${process.pid}`);
    await home.close();
    await (await openHome(dir)).close();
  });

  it('is free at once after its holder was killed, and its lab.json counts as gone', async () => {
    for (let round = 0; round < 3; round++) {
      const holder = await fork();
      expect(await open(holder)).toEqual({ held: true });
      expect((await findLaboratory(dir))?.pid).toBe(holder.pid);
      holder.process.kill('SIGKILL');
      await holder.exited;
      expect(existsSync(join(dir, 'lab.json'))).toBe(true);
      expect(await findLaboratory(dir)).toBeNull();
    }
    const home = await openHome(dir);
    expect(existsSync(join(dir, 'lab.json'))).toBe(false);
    expect((await readdir(join(dir, 'lock'))).filter((f) => f.endsWith('.sock'))).toHaveLength(1);
    await home.close();
  });

  it('with a stale lock goes to exactly one of many that want it at the same moment', async () => {
    const racers = await Promise.all(Array.from({ length: 6 }, () => fork()));
    while (racers.length > 1) {
      const answers = await Promise.all(racers.map(open));
      const [winner, ...more] = racers.filter((_, i) => answers[i]!.held);
      expect(more).toEqual([]);
      for (const a of answers) if (!a.held) expect(a.message).toContain(`process ${winner!.pid}`);
      await winner!.end();
      racers.splice(racers.indexOf(winner!), 1);
    }
  });

  it('stays locked while its holder is stopped', async () => {
    const holder = await fork();
    expect(await open(holder)).toEqual({ held: true });
    holder.process.kill('SIGSTOP');
    const error = await openHome(dir).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'HomeInUseError', pid: null });
    expect((error as Error).message).toContain('does not answer');
  });

  it('can lie deeper than addresses of sockets reach', async () => {
    const deep = join(dir, 'x'.repeat(90), 'y'.repeat(90));
    const home = await openHome(deep);
    await expect(openHome(deep)).rejects.toThrow(`process ${process.pid}`);
    await home.close();
  });

  it('announces its laboratory to its owner, and takes that back at the end', async () => {
    const home = await openHome(dir);
    await home.announce({ url: 'http://127.0.0.1:4000', token: 't' });
    expect(JSON.parse(await readFile(join(dir, 'lab.json'), 'utf8'))).toMatchObject({
      url: 'http://127.0.0.1:4000',
      pid: process.pid,
      token: 't',
    });
    expect((await stat(join(dir, 'lab.json'))).mode & 0o777).toBe(0o600);
    expect(await findLaboratory(dir)).toMatchObject({ url: 'http://127.0.0.1:4000', token: 't' });
    await home.close();
    expect(existsSync(join(dir, 'lab.json'))).toBe(false);
    expect(await findLaboratory(dir)).toBeNull();
  });

  it('cannot be a file, nor lie below one or where nothing can be made, and the message says what to do', async () => {
    await mkdir(join(dir, '..'), { recursive: true });
    await writeFile(dir, '');
    for (const path of [
      dir,
      join(dir, 'below'),
      '/proc/minvar',
      '/proc/1/a/b/c',
      '/dev/null/x',
      `/tmp/${'x'.repeat(300)}`,
    ]) {
      const error = await openHome(path).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(UnusableHomeError);
      expect((error as Error).message).toMatch(
        /^the home \/.* cannot be made or written \(.*choose another one with --home or MINVAR_HOME$/,
      );
    }
  });

  it('has no laboratory where lab.json is not readable as one', async () => {
    await mkdir(dir, { recursive: true });
    expect(await findLaboratory(dir)).toBeNull();
    for (const text of ['', '{', '{"url":1}']) {
      await writeFile(join(dir, 'lab.json'), text);
      expect(await findLaboratory(dir)).toBeNull();
    }
  });

  it('on a full disk is refused with its name, and leaves no half file', async (context) => {
    const disk = await smallDisk(2);
    if ('because' in disk) return context.skip(disk.because);
    try {
      const home = await openHome(join(disk.dir, 'home'));
      disk.fill();
      for (const work of [home.announce({ url: 'http://127.0.0.1:4000' }), home.secret('links')]) {
        const error = await work.catch((e: unknown) => e);
        expect(error).toBeInstanceOf(StorageFullError);
        expect((error as Error).message).toContain(join(disk.dir, 'home'));
      }
      expect((await readdir(home.folders.root)).filter((name) => name.startsWith('lab.json'))).toEqual([]);
      disk.free();
      expect(await home.secret('links')).toHaveLength(32);
      await home.close();
    } finally {
      await disk.remove();
    }
  });

  it('keeps its secrets from one start to the next, readable by its owner only', async () => {
    const first = await openHome(dir);
    const secret = await first.secret('links');
    expect(secret).toHaveLength(32);
    expect(await first.secret('other')).not.toEqual(secret);
    await first.close();
    const second = await openHome(dir);
    expect(await second.secret('links')).toEqual(secret);
    expect((await stat(join(dir, 'links.secret'))).mode & 0o777).toBe(0o600);
    await second.close();
  });
});

describe('file systems', () => {
  // statfs(2) and the kernel's include/uapi/linux/magic.h
  it.each([
    [0x6969, 'NFS'],
    [0x0bd00bd0, 'Lustre'],
    [0xff534d42, 'CIFS'],
    [-11317950, 'CIFS'], // the same as a signed number
  ])('of type %i are refused as %s', (type, name) => {
    expect(unsuitableFileSystem(type)).toBe(name);
    expect(new UnsuitableFileSystemError('/mnt/home', name).message).toMatch(
      new RegExp(`/mnt/home lies on ${name}.*--home or MINVAR_HOME`),
    );
  });
  it.each([
    [0xef53, 'ext4'],
    [0x58465342, 'XFS'],
    [0x9123683e, 'Btrfs'],
    [0x01021994, 'tmpfs'],
    [0x794c7630, 'overlayfs'],
  ])('of type %i (%s) are fine', (type) => {
    expect(unsuitableFileSystem(type)).toBeNull();
  });
});

describe('the identity of a process', () => {
  it('is alive for this one, and dead for its id at another start, another boot, or gone', () => {
    const me = processIdentity();
    expect(isProcessAlive(me)).toBe(true);
    const [pid, started, boot] = me.split('/');
    expect(isProcessAlive(`${pid}/${Number(started) + 1}/${boot}`)).toBe(false);
    expect(isProcessAlive(`${pid}/${started}/00000000-0000-0000-0000-000000000000`)).toBe(false);
    expect(isProcessAlive(`4194303/${started}/${boot}`)).toBe(false);
  });
});
