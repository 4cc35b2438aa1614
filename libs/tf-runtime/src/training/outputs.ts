import { open } from 'node:fs/promises';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FromChild } from '@minvar/contracts';
import { npyHeader } from '@minvar/contracts';
import { writeNpy } from './files';
import type { ResidentSplit } from './data';

export type Output = Extract<FromChild, { kind: 'finished' }>['outputs'][number];

export interface OutputWriter {
  /** rows in order: logits n × K, activations n × D */
  add(logits: Float32Array, activations: Float32Array): Promise<void>;
  /** closes the files; labels and attributes are written beside them */
  finish(): Promise<Output>;
}

/**
 * Streams one forward pass over a split into `.npy` files `<epoch>-<split>-<array>.npy` of `dir`, batch after batch, so that a large split never
 * stands in memory whole.
 */
export async function writeOutput(dir: string, epoch: number, split: ResidentSplit, widths: { logits: number; activations: number }): Promise<OutputWriter> {
  await mkdir(dir, { recursive: true });
  const nameOf = (array: string): string => `${epoch}-${split.name}-${array}.npy`;
  const begin = async (array: 'logits' | 'activations') => {
    const file = await open(join(dir, nameOf(array)), 'w');
    await file.writeFile(npyHeader('float32', [split.examples, widths[array]]));
    return file;
  };
  const logitsFile = await begin('logits');
  const activationsFile = await begin('activations');
  return {
    add: async (logits, activations) => {
      await logitsFile.writeFile(bytesOf(logits));
      await activationsFile.writeFile(bytesOf(activations));
    },
    finish: async () => {
      await logitsFile.close();
      await activationsFile.close();
      const arrays: Record<string, string> = {
        logits: join(dir, nameOf('logits')),
        activations: join(dir, nameOf('activations')),
        labels: await writeNpy(dir, nameOf('labels'), split.labels, [split.examples]),
      };
      if (split.attributes) arrays.attributes = await writeNpy(dir, nameOf('attributes'), split.attributes, [split.examples]);
      return { epoch, split: split.name, examples: split.examples, arrays };
    },
  };
}

const bytesOf = (a: Float32Array): Uint8Array => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
