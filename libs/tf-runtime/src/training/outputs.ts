import type { FileHandle } from 'node:fs/promises';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { FromChild } from '@minvar/contracts';
import { npyHeader } from '@minvar/contracts';
import type { ResidentPlan, ResidentSplit } from './data';
import { writeNpy } from './files';

export type Output = Extract<FromChild, { kind: 'finished' }>['outputs'][number];

export interface OutputWriter {
  /** rows in order: logits n × K, activations n × D */
  readonly add: (logits: Float32Array, activations: Float32Array) => Promise<void>;
  /** labels and attributes are written beside them */
  readonly finish: () => Promise<Output>;
  readonly close: () => Promise<void>;
}

const fileName = (epoch: number, split: string, array: string): string => `${epoch}-${split}-${array}.npy`;
const pattern = /^(\d+)-(.+)-(logits|activations|labels|attributes)\.npy$/;

/**
 * Streams one forward pass over a split into `.npy` files of `dir`, batch after batch, so that a large split never stands in memory
 * whole. `widths`: K and D.
 */
export async function openOutput(
  dir: string,
  epoch: number,
  split: ResidentSplit,
  widths: { readonly logits: number; readonly activations: number },
): Promise<OutputWriter> {
  await mkdir(dir, { recursive: true });
  const pathOf = (array: string): string => join(dir, fileName(epoch, split.name, array));
  const begin = async (array: 'logits' | 'activations'): Promise<FileHandle> => {
    const file = await open(pathOf(array), 'w');
    await file.writeFile(npyHeader('float32', [split.examples, widths[array]]));
    return file;
  };
  const files = { logits: await begin('logits'), activations: await begin('activations') };
  const close = async (): Promise<void> => {
    await files.logits.close();
    await files.activations.close();
  };
  return {
    add: async (logits, activations) => {
      await files.logits.writeFile(bytesOf(logits));
      await files.activations.writeFile(bytesOf(activations));
    },
    close,
    finish: async () => {
      await close();
      const arrays: Record<string, string> = { logits: pathOf('logits'), activations: pathOf('activations') };
      const { examples, labels, attributes } = split;
      arrays.labels = await writeNpy(dir, fileName(epoch, split.name, 'labels'), labels, [examples]);
      if (attributes)
        arrays.attributes = await writeNpy(dir, fileName(epoch, split.name, 'attributes'), attributes, [examples]);
      return { epoch, split: split.name, examples, arrays };
    },
  };
}

/** The outputs of earlier epochs that travelled in a checkpoint, found again by the names of its files. */
export function keptOutputs(dir: string, names: readonly string[], plan: ResidentPlan): Output[] {
  const found = new Map<string, Output>();
  for (const name of names) {
    const [, epoch, split, array] = pattern.exec(name) ?? [];
    if (!epoch || !split || !array) continue;
    const key = `${epoch}-${split}`;
    const examples = plan.splits.find((s) => s.name === split)?.examples ?? 0;
    const output = found.get(key) ?? { epoch: Number(epoch), split, examples, arrays: {} };
    output.arrays[array] = join(dir, name);
    found.set(key, output);
  }
  return [...found.values()];
}

const bytesOf = (a: Float32Array): Uint8Array => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
