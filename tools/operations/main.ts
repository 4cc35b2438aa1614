import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { generateOperations } from './generate-operations';

for (const [path, text] of await generateOperations(resolve('.'))) writeFileSync(resolve(path), text);
