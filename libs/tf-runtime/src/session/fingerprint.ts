import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { Fingerprint } from '@minvar/contracts';
import { loadTensorFlow } from './addon';
import type { TensorFlowSettings } from './environment';
import { describeCard } from './machine';

/** Processor flags that choose between kernels. */
const flags = [
  'sse4_2',
  'avx',
  'avx2',
  'fma',
  'avx512f',
  'avx512_vnni',
  'avx512_bf16',
  'avx512_fp16',
  'avx_vnni',
  'amx_tile',
  'amx_int8',
  'amx_bf16',
];

/** What decides bits besides the spec; `settings` are those the process was started with. Loads TensorFlow. */
export function fingerprint(settings: TensorFlowSettings): Fingerprint {
  const { backend, version, build } = loadTensorFlow();
  return {
    tensorflow: version,
    build,
    device: backend.isUsingGpuDevice ? 'gpu' : 'cpu',
    deviceName: backend.isUsingGpuDevice ? gpuName() : (cpus()[0]?.model.trim() ?? 'unknown'),
    instructionSet: instructionSet(),
    ...settings,
  };
}

function instructionSet(): string {
  const file = '/proc/cpuinfo';
  const line = existsSync(file) ? /^flags\s*:(.*)$/m.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
  if (line === undefined) return process.arch;
  const has = new Set(line.trim().split(/\s+/));
  return [process.arch, ...flags.filter((f) => has.has(f))].join(' ');
}

/** Model and driver of the first GPU as the NVIDIA driver names them. */
function gpuName(): string {
  const { model, driver } = describeCard('/proc/driver/nvidia');
  return `${model}, driver ${driver}`;
}
