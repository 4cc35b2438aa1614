import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { dependencyPicture, readProjects } from './dependencies';
import { eventPicture } from './events';

const out = resolve('docs/pictures');
mkdirSync(out, { recursive: true });
writeFileSync(resolve(out, 'dependencies.md'), dependencyPicture(readProjects(resolve('.'))));
writeFileSync(resolve(out, 'events.md'), eventPicture());
