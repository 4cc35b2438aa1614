import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** A GPU that TensorFlow will compute on: a card, its driver, and a library that was set up for CUDA. */
export interface Gpu {
  /** the first card as the driver names it, e.g. `NVIDIA H100 80GB HBM3` */
  readonly model: string;
  /** version of the kernel driver */
  readonly driver: string;
  /** folder with `bin/ptxas` and `nvvm/libdevice`, which XLA needs; null when the set-up has none */
  readonly cudaDataDir: string | null;
}

/** What of a machine decides how TensorFlow is started and how a training step is run. */
export interface Machine {
  readonly gpu: Gpu | null;
  /** a card that is not used, because TensorFlow was set up without CUDA */
  readonly idleCard: string | null;
}

export interface Places {
  /** where the NVIDIA driver describes itself */
  readonly driver: string;
  readonly card: string;
  /** what the set-up recorded beside the addon */
  readonly stamp: string | null;
}

const read = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');

/** Version of the kernel driver and model of its first card, from `/proc/driver/nvidia`. */
export function describeCard(driver: string): { readonly model: string; readonly driver: string } {
  const version = /Kernel Module\s+(?:for \S+\s+)?([\d.]+)/.exec(read(join(driver, 'version')))?.[1];
  const cards = join(driver, 'gpus');
  const first = existsSync(cards) ? readdirSync(cards).sort()[0] : undefined;
  const model = first && /^Model:\s*(.+)$/m.exec(read(join(cards, first, 'information')))?.[1]?.trim();
  return { model: model || 'GPU', driver: version ?? 'unknown' };
}

function stampOfAddon(): string | null {
  try {
    const manifest = require.resolve('@tensorflow/tfjs-node-gpu/package.json');
    return join(dirname(manifest), 'lib', 'napi-v8', 'minvar.json');
  } catch {
    return null;
  }
}

/** Looks at this machine without loading TensorFlow, which reads its settings when it is loaded. */
export function machineHere({
  driver = '/proc/driver/nvidia',
  card = '/dev/nvidia0',
  stamp = stampOfAddon(),
}: Partial<Places> = {}): Machine {
  if (!existsSync(card)) return { gpu: null, idleCard: null };
  const found = describeCard(driver);
  const text = stamp === null ? '' : read(stamp);
  // NVIDIA's libraries lie beside TensorFlow's folder, as their wheels put them.
  const nvidia = text === '' ? null : join(dirname((JSON.parse(text) as { dir: string }).dir), 'nvidia');
  if (nvidia === null || !existsSync(nvidia)) return { gpu: null, idleCard: `${found.model}, driver ${found.driver}` };
  const compiler = join(nvidia, 'cuda_nvcc');
  return { gpu: { ...found, cudaDataDir: existsSync(compiler) ? compiler : null }, idleCard: null };
}
