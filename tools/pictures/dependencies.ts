import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export interface Project {
  readonly name: string;
  readonly folder: string;
  readonly layer: string;
  readonly imports: readonly string[];
}

const layers = ['contracts', 'pure', 'edge', 'service', 'app', 'dashboard'] as const;
const titles: Record<string, string> = {
  contracts: 'contracts: what crosses a process',
  pure: 'pure: mathematics and rules',
  edge: 'edge: TensorFlow, log, store, SQL',
  service: 'services',
  app: 'apps',
  dashboard: 'dashboard: sees GraphQL only',
};

function sources(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && /\.(ts|tsx)$/.test(e.name) && !/\.test\.tsx?$/.test(e.name))
    .map((e) => join(e.parentPath, e.name))
    .filter((f) => !/(^|\/)(node_modules|dist)\//.test(f));
}

/** Every project of the workspace with its layer and the projects its sources import; tests are left out. */
export function readProjects(root: string): Project[] {
  const folders = ['apps', 'libs', 'libs/services'].flatMap((parent) =>
    readdirSync(join(root, parent), { withFileTypes: true })
      .filter((e) => e.isDirectory() && e.name !== 'services')
      .map((e) => join(parent, e.name)),
  );
  return [...folders, 'experiments']
    .map((folder) => {
      const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
        name: string;
        nx: { tags: string[] };
      };
      const imports = new Set<string>();
      for (const file of sources(join(root, folder, 'src'))) {
        for (const match of readFileSync(file, 'utf8').matchAll(/from '(@minvar\/[a-z-]+)/g)) imports.add(match[1]!);
      }
      imports.delete(manifest.name);
      return {
        name: manifest.name,
        folder: relative(root, join(root, folder)),
        layer: manifest.nx.tags[0]!.replace('layer:', ''),
        imports: [...imports].sort(),
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

const short = (name: string): string => name.replace('@minvar/', '');

/** A Markdown page with a Mermaid graph of who imports whom, and the same as a table. */
export function dependencyPicture(projects: readonly Project[]): string {
  const lines = [
    '# Who imports whom',
    '',
    'Made by `npm run generate` from the sources; a test keeps it fresh.',
    '',
    '```mermaid',
    'flowchart BT',
  ];
  for (const layer of layers) {
    lines.push(`  subgraph ${layer}["${titles[layer]}"]`);
    for (const p of projects.filter((q) => q.layer === layer)) lines.push(`    ${short(p.name)}`);
    lines.push('  end');
  }
  for (const p of projects) for (const i of p.imports) lines.push(`  ${short(p.name)} --> ${short(i)}`);
  lines.push('```', '', '| project | folder | imports |', '| --- | --- | --- |');
  for (const p of projects)
    lines.push(`| ${short(p.name)} | \`${p.folder}\` | ${p.imports.map(short).join(', ') || '–'} |`);
  return `${lines.join('\n')}\n`;
}
