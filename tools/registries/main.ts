import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { registries, registryText } from './registry';

for (const source of registries) {
  const folder = resolve(source.folder);
  const text = existsSync(folder) ? registryText(source, folder) : null;
  if (text !== null) writeFileSync(resolve(folder, 'registry.gen.ts'), text);
}
