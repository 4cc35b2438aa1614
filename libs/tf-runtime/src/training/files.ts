import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckpointManifest, NamedTensor, StoredFile } from '@minvar/contracts';
import { decodeSafetensors, encodeNpy, encodeSafetensors, sha256Hex } from '@minvar/contracts';
import type { NpyData } from '@minvar/contracts';
import { trainingError } from './failure';

export type Tensors = Readonly<Record<string, NamedTensor>>;

export interface CheckpointTensors {
  /** parameters and normalisation statistics under torchvision-style names, PyTorch's layouts */
  readonly model: Tensors;
  /** moments of the optimizer, `<parameter>.<moment>` */
  readonly optimizer: Tensors;
}

/** Writes `model.safetensors` and `optimizer.safetensors` into a new folder, which appears only when both are complete. */
export async function writeCheckpoint(dir: string, tensors: CheckpointTensors): Promise<StoredFile[]> {
  const partial = `${dir}.partial`;
  await rm(partial, { recursive: true, force: true });
  await rm(dir, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  const files: StoredFile[] = [];
  for (const name of ['model', 'optimizer'] as const)
    files.push(await writeWhole(partial, `${name}.safetensors`, encodeSafetensors(tensors[name])));
  await rename(partial, dir);
  return files;
}

/** Reads both files of a checkpoint and checks them against the manifest. */
export async function readCheckpoint(dir: string, manifest: CheckpointManifest): Promise<CheckpointTensors> {
  const read = async (name: string): Promise<Tensors> => {
    const path = join(dir, name);
    const stored = manifest.files.find((f) => f.name === name);
    if (!stored)
      throw trainingError(
        'BAD_DATA',
        `checkpoint at step ${manifest.step} of ${manifest.runId} lists no ${name}; retry the run from an earlier checkpoint`,
      );
    const bytes = await readFile(path);
    const found = sha256Hex(bytes);
    if (found !== stored.sha256)
      throw trainingError(
        'BAD_DATA',
        `${path} has sha256 ${found}, its manifest says ${stored.sha256}; fetch it again or retry from an earlier checkpoint`,
      );
    return decodeSafetensors(bytes, path);
  };
  return { model: await read('model.safetensors'), optimizer: await read('optimizer.safetensors') };
}

/** Writes an array as `.npy`. */
export async function writeNpy(dir: string, name: string, data: NpyData, shape: readonly number[]): Promise<string> {
  await mkdir(dir, { recursive: true });
  await writeWhole(dir, name, encodeNpy(data, shape));
  return join(dir, name);
}

/** Writes a file whole. */
export async function writeWhole(dir: string, name: string, bytes: Uint8Array): Promise<StoredFile> {
  const file = await open(join(dir, name), 'w');
  try {
    await file.writeFile(bytes);
  } finally {
    await file.close();
  }
  return { name, sizeBytes: bytes.length, sha256: sha256Hex(bytes) };
}
