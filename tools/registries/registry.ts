import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** A folder of definition files, one definition a file, and the registry made of them. */
export interface RegistrySource {
  /** where the definitions lie, from the repository's root */
  readonly folder: string;
  /** the exported object */
  readonly registry: string;
  /** the function that makes a definition; a file without `export const … = <define>(` is no member */
  readonly define: string;
  /** the definition's field whose value is the key */
  readonly key: string;
  /** whether a file bears its key as its name */
  readonly namedAsFile: boolean;
}

export const registries: readonly RegistrySource[] = [
  { folder: 'libs/graph/src/ops', registry: 'ops', define: 'defineOp', key: 'op', namedAsFile: false },
  { folder: 'libs/models/src', registry: 'models', define: 'defineModel', key: 'name', namedAsFile: true },
  { folder: 'libs/methods/src', registry: 'methods', define: 'defineMethod', key: 'name', namedAsFile: true },
  { folder: 'libs/datasets/src', registry: 'datasets', define: 'defineDataset', key: 'name', namedAsFile: true },
  { folder: 'libs/metrics/src', registry: 'metrics', define: 'defineMetric', key: 'name', namedAsFile: true },
  { folder: 'experiments/src', registry: 'experiments', define: 'defineExperiment', key: 'name', namedAsFile: true },
];

interface Member {
  readonly file: string;
  readonly constant: string;
  readonly key: string;
}

/**
 * The text of `registry.gen.ts`: a plain object literal, so that names stay literal types; null while there are no members.
 * @throws Error when a file defines more than one member, lacks its key, or two members share one.
 */
export function registryText(source: RegistrySource, folder: string): string | null {
  const members = readdirSync(folder)
    .filter((n) => /\.ts$/.test(n) && !/\.(test|gen|d)\.ts$/.test(n))
    .sort()
    .flatMap((n) => memberOf(source, n, readFileSync(join(folder, n), 'utf8')));
  if (members.length === 0) return null;
  const keys = members.map((m) => m.key);
  const twice = keys.find((k, i) => keys.indexOf(k) !== i);
  if (twice !== undefined) throw new Error(`${source.folder}: two files define '${twice}'`);
  const imports = members.map((m) => `import { ${m.constant} } from './${m.file}';`);
  const entries = [...members]
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map((m) => (m.key === m.constant ? `  ${m.key},` : `  ${property(m.key)}: ${m.constant},`));
  return `${imports.join('\n')}\n\nexport const ${source.registry} = {\n${entries.join('\n')}\n} as const;\n`;
}

const property = (key: string): string => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : `'${key}'`);

function memberOf(source: RegistrySource, name: string, text: string): Member[] {
  const where = `${source.folder}/${name}`;
  const found = [...text.matchAll(new RegExp(`^export const (\\w+)[^=\\n]*= ${source.define}\\(`, 'gm'))];
  if (found.length === 0) return [];
  if (found.length > 1) throw new Error(`${where}: ${found.length} definitions; one a file`);
  const file = basename(name, '.ts');
  const after = text.slice(found[0]!.index);
  const key = new RegExp(`^  ${source.key}: '([^']+)'`, 'm').exec(after)?.[1];
  if (key === undefined) throw new Error(`${where}: the definition lacks a literal ${source.key}: '…'`);
  if (source.namedAsFile && key !== file) throw new Error(`${where}: defines '${key}'; name the file ${key}.ts`);
  return [{ file, constant: found[0]![1]!, key }];
}
