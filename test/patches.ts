import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';

const root = join(import.meta.dirname, '..');

/** A change to a production module, applied to the copy that goes into a bundle: a bug planted to see whether it is found. */
export interface Patch {
  readonly name: string;
  /** path of the module from the repository's root */
  readonly file: string;
  /** text that occurs exactly once in it */
  readonly find: string;
  readonly replace: string;
}

/** Applies patches as modules are read; a text that is not found exactly once stops the build. */
export const patched = (patches: readonly Patch[]): Plugin => ({
  name: 'patched',
  setup(context) {
    const applied = new Set<Patch>();
    context.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const mine = patches.filter((p) => join(root, p.file) === path);
      if (mine.length === 0) return null;
      let contents = await readFile(path, 'utf8');
      for (const p of mine) {
        const parts = contents.split(p.find);
        if (parts.length !== 2)
          throw new Error(
            `the planted bug '${p.name}' changes a text that occurs ${parts.length - 1} times in ${p.file}; it must occur once. Plant it anew`,
          );
        contents = parts.join(p.replace);
        applied.add(p);
      }
      return { contents, loader: 'ts' };
    });
    context.onEnd(() => {
      const left = patches.filter((p) => !applied.has(p));
      if (left.length > 0) throw new Error(`no module of the bundle is ${left.map((p) => p.file).join(', ')}`);
    });
  },
});
