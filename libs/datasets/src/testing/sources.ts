import type { DatasetDefinition, Parameters } from '../define-dataset';
import { openSource } from '../source';
import type { Source } from '../source';
import { cifar100Members, cifar10Members } from './cifar';
import { blankFiles } from './digits';
import { ppm } from './ppm';
import { tarOf } from './tar';
import type { TestMember } from './tar';

/** `n` images a class and split in folders, as PPM files under the names of PNG files. */
export function imageMembers(classes: readonly string[], n: number, side: number): TestMember[] {
  return ['train', 'test'].flatMap((split, s) =>
    classes.flatMap((c, k) =>
      Array.from({ length: n }, (_, i) => ({
        name: `${split}/${c}/${String(i).padStart(4, '0')}.png`,
        data: ppm(side, side, (y, x, ch) => (s * 50 + k * 20 + i * 5 + y + x + ch * 80) % 256),
      })),
    ),
  );
}

const archives: Record<string, () => Uint8Array> = {
  'cifar-10-binary.tar.gz': () => tarOf(cifar10Members(20)),
  'cifar-100-binary.tar.gz': () => tarOf(cifar100Members(200, 100)),
  'image-folder': () => tarOf(imageMembers(['ant', 'bee'], 12, 4)),
};

/** Small sources of the official layout for any definition, as a service gives them to it. */
export async function smallSources(
  definition: DatasetDefinition,
  parameters: Parameters,
): Promise<Map<string, Source>> {
  const files = definition.ownFiles?.(parameters) ?? definition.files;
  const digits = await blankFiles(200, 100);
  return new Map(
    await Promise.all(
      files.map(async (f): Promise<[string, Source]> => {
        const made = archives[f.name]?.();
        return [f.name, made ? await openSource(f, made, 'local') : digits.get(f.name)!];
      }),
    ),
  );
}
