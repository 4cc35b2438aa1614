import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * A folder of the cache, made once: `make` fills an empty folder beside it and answers that or one inside it, which takes the name when it is
 * whole. Answers the name.
 */
export async function madeOnce(target, make) {
  if (existsSync(target)) return target;
  await mkdir(dirname(target), { recursive: true });
  const building = await mkdtemp(`${target}.`);
  try {
    await rename(await make(building), target).catch((error) => {
      if (!existsSync(target)) throw error; // another process was faster
    });
    return target;
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}
