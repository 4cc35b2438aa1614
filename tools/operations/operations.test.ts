import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generateOperations, operationFolders } from './generate-operations';

describe('operations of the command line and the web page', () => {
  it('agree with schema.graphql, and their typed form is up to date (npm run generate)', async () => {
    const root = resolve(import.meta.dirname, '../..');
    const files = await generateOperations(root);
    expect(files.size).toBe(operationFolders.length);
    for (const [path, text] of files) expect(readFileSync(resolve(root, path), 'utf8'), path).toBe(text);
  });
});
