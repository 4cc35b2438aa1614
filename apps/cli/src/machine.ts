import { arch, cpus, platform, release, totalmem } from 'node:os';

/** What the numbers were computed on. */
export const machine = () => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
  os: `${platform()} ${release()} ${arch()}`,
  node: process.versions.node,
});
export type Machine = ReturnType<typeof machine>;
