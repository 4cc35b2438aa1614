// One build at a time: two commands that start together after an edit must not write the same files.
import { linkSync, mkdirSync, openSync, closeSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (e) {
    return e.code === 'EPERM';
  }
};

function tryLock(file) {
  try {
    const fd = openSync(file, 'wx');
    writeSync(fd, String(process.pid));
    closeSync(fd);
    return true;
  } catch (e) {
    if (e.code === 'EEXIST') return false;
    throw e;
  }
}

const holderOf = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
};

/** Takes a lock away from a process that is no more; gives it back when it was somebody else's by then. */
function dropDead(file, holder) {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    if (holderOf(aside) !== holder) linkSync(aside, file);
  } catch {
    // another process was faster
  }
  rmSync(aside, { force: true });
}

/** Runs `work` while no other process builds in `root`. `onWait` is called once when another one does. */
export async function withBuildLock(root, work, onWait) {
  mkdirSync(join(root, 'dist'), { recursive: true });
  const file = join(root, 'dist/build.lock');
  let told = false;
  let empty = 0;
  while (!tryLock(file)) {
    const holder = holderOf(file);
    if (holder === null) continue;
    // an empty lock is one whose owner is about to write its number, or died in between
    empty = holder === '' ? empty + 1 : 0;
    if (holder === '' ? empty > 20 : !alive(Number(holder))) dropDead(file, holder);
    else {
      if (!told) onWait?.(holder);
      told = true;
      await sleep(100);
    }
  }
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}
