import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { tensorflowEnvironment } from './environment';
import { machineHere } from './machine';

// A machine as the NVIDIA driver and the set-up describe it, in a folder.
const dir = mkdtempSync(join(tmpdir(), 'minvar-machine-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const driver = join(dir, 'proc');
const card = join(dir, 'nvidia0');
const stampOf = (folder: string): string => {
  const path = join(dir, `${folder}.json`);
  writeFileSync(path, JSON.stringify({ dir: join(dir, folder, folder), addon: join(dir, 'addon') }));
  return path;
};
mkdirSync(join(driver, 'gpus/0000:41:00.0'), { recursive: true });
mkdirSync(join(dir, 'cuda/nvidia/cuda_nvcc'), { recursive: true });
writeFileSync(card, '');
writeFileSync(
  join(driver, 'version'),
  'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build  (dvs-builder)  Tue Sep 23 10:11:16 UTC 2025\nGCC version:\n',
);
writeFileSync(
  join(driver, 'gpus/0000:41:00.0/information'),
  'Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 120\nGPU UUID: \t GPU-1\n',
);

describe('what a machine has', () => {
  it('is no GPU without a card', () => {
    expect(machineHere({ card: join(dir, 'none'), driver, stamp: stampOf('cuda') })).toEqual({
      gpu: null,
      idleCard: null,
    });
  });

  it('is a GPU with card, driver and a library for CUDA', () => {
    expect(machineHere({ card, driver, stamp: stampOf('cuda') })).toEqual({
      gpu: { model: 'NVIDIA H100 80GB HBM3', driver: '580.95.05', cudaDataDir: join(dir, 'cuda/nvidia/cuda_nvcc') },
      idleCard: null,
    });
  });

  it('is an idle card where the library was set up without CUDA, or not at all', () => {
    for (const stamp of [stampOf('cpu'), join(dir, 'none.json'), null])
      expect(machineHere({ card, driver, stamp })).toEqual({
        gpu: null,
        idleCard: 'NVIDIA H100 80GB HBM3, driver 580.95.05',
      });
  });

  it('is a GPU without a name where the driver says nothing', () => {
    const { gpu } = machineHere({ card, driver: join(dir, 'nowhere'), stamp: stampOf('cuda') });
    expect(gpu).toMatchObject({ model: 'GPU', driver: 'unknown' });
  });
});

describe('the environment for a GPU', () => {
  const settings = { intraOpThreads: 2, interOpThreads: 1, deterministic: false };
  const { gpu } = machineHere({ card, driver, stamp: stampOf('cuda') });

  it('asks for the same bits again, memory as it is needed, and names CUDA’s compiler', () => {
    expect(tensorflowEnvironment(settings, { gpu, idleCard: null })).toMatchObject({
      TF_DETERMINISTIC_OPS: '1',
      TF_FORCE_GPU_ALLOW_GROWTH: 'true',
      NVIDIA_TF32_OVERRIDE: '0',
      XLA_FLAGS: `--xla_gpu_deterministic_ops=true --xla_gpu_enable_triton_gemm=false --xla_gpu_cuda_data_dir=${join(dir, 'cuda/nvidia/cuda_nvcc')}`,
    });
  });

  it('has no such thing without one', () => {
    const found = tensorflowEnvironment(settings, { gpu: null, idleCard: 'a card' });
    expect(found).not.toHaveProperty('XLA_FLAGS');
    expect(found).not.toHaveProperty('TF_DETERMINISTIC_OPS');
  });
});
