import type { DatasetDefinition } from './define-dataset';
import { datasets } from './registry.gen';

/** The definition of that name, or null: the catalogue's names are `Object.keys(datasets)`. */
export function findDataset(name: string): DatasetDefinition | null {
  return Object.hasOwn(datasets, name)
    ? (datasets as Record<string, unknown> as Record<string, DatasetDefinition>)[name]!
    : null;
}
