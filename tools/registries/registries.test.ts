import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { registries, registryText } from './registry';

const root = resolve(import.meta.dirname, '../..');
const present = registries.filter((r) => {
  const folder = resolve(root, r.folder);
  return existsSync(folder) && registryText(r, folder) !== null;
});

describe('registries', () => {
  it.each(present)('$folder lists the definitions that are there now (npm run generate)', (source) => {
    const folder = resolve(root, source.folder);
    expect(readFileSync(join(folder, 'registry.gen.ts'), 'utf8')).toBe(registryText(source, folder));
  });

  const source = { folder: 'things', registry: 'things', define: 'defineThing', key: 'name', namedAsFile: true };
  const withFiles = (files: Record<string, string>) => {
    const folder = mkdtempSync(join(tmpdir(), 'minvar-registry-'));
    try {
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
      return registryText(source, folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const thing = (constant: string, name: string) =>
    `export const ${constant} = defineThing({\n  name: '${name}',\n});\n`;

  it('hold one entry a definition file and nothing for other files', () => {
    expect(
      withFiles({
        'b-thing.ts': thing('bThing', 'b-thing'),
        'a.ts': thing('a', 'a'),
        'helper.ts': 'export const x = 1;\n',
      }),
    ).toBe(
      "import { a } from './a';\nimport { bThing } from './b-thing';\n\nexport const things = {\n  a,\n  'b-thing': bThing,\n} as const;\n",
    );
  });

  it('refuse a definition in a file of another name, and two in one file', () => {
    expect(() => withFiles({ 'a.ts': thing('b', 'b') })).toThrow("things/a.ts: defines 'b'; name the file b.ts");
    expect(() => withFiles({ 'a.ts': thing('a', 'a') + thing('c', 'c') })).toThrow(
      'things/a.ts: 2 definitions; one a file',
    );
  });
});
