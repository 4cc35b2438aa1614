import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeIdxImages, encodeIdxLabels } from '../idx';
import { mnistFiles } from '../mnist-files';
import { openSource } from '../source';
import type { SourceContent } from '../source';

type Files = Promise<Map<string, SourceContent>>;

/** The bundled digits, as a service gives them to a definition. */
export async function bundledFiles(): Files {
  const at = (name: string): string => fileURLToPath(new URL(`../../bundled/${name}`, import.meta.url));
  return new Map(
    await Promise.all(
      mnistFiles.map(async (f) => [f.name, await openSource(f, readFileSync(at(f.bundled!)), 'bundled')] as const),
    ),
  );
}

/** The MNIST files below a folder, or null when one of them is not there. */
export async function localFiles(root: string): Promise<Map<string, SourceContent> | null> {
  const paths = readdirSync(root, { recursive: true }).map(String);
  const found = mnistFiles.map((f) => paths.find((p) => p.endsWith(f.name)));
  if (found.some((p) => !p)) return null;
  return new Map(
    await Promise.all(
      mnistFiles.map(
        async (f, i) => [f.name, await openSource(f, readFileSync(join(root, found[i]!)), 'local')] as const,
      ),
    ),
  );
}

/** Blank digits: labels in turn, a square of full ink in the middle. */
export async function blankFiles(train: number, test: number): Files {
  const images = (n: number): Uint8Array => {
    const pixels = new Uint8Array(n * 784);
    for (let i = 0; i < n; i++)
      for (let r = 12; r < 16; r++) pixels.fill(255, i * 784 + r * 28 + 12, i * 784 + r * 28 + 16);
    return encodeIdxImages(pixels, 28, 28);
  };
  const labels = (n: number): Uint8Array => encodeIdxLabels(Array.from({ length: n }, (_, i) => i % 10));
  const bytes = [images(train), labels(train), images(test), labels(test)];
  return new Map(
    await Promise.all(mnistFiles.map(async (f, i) => [f.name, await openSource(f, bytes[i]!, 'local')] as const)),
  );
}
