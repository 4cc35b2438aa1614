import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeNpy } from '@minvar/contracts';
import type { NpyData } from '@minvar/contracts';

/** A folder for files of one test, removed by `dispose`. */
export function scratch(): {
  readonly bytes: (name: string, content: Uint8Array) => string;
  readonly array: (name: string, data: NpyData, shape: readonly number[]) => string;
  readonly dispose: () => void;
} {
  const dir = mkdtempSync(join(tmpdir(), 'minvar-audit-'));
  const bytes = (name: string, content: Uint8Array): string => {
    const path = join(dir, name);
    writeFileSync(path, content);
    return path;
  };
  return {
    bytes,
    array: (name, data, shape) => bytes(name, encodeNpy(data, shape)),
    dispose: () => rmSync(dir, { recursive: true, force: true }),
  };
}
