import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { messages, topics } from '@minvar/contracts';
import { describe, expect, it } from 'vitest';
import { dependencyPicture, readProjects } from './dependencies';
import { eventPicture } from './events';

const root = resolve(import.meta.dirname, '../..');
const page = (name: string) => readFileSync(resolve(root, 'docs/pictures', name), 'utf8');

describe('generated pictures', () => {
  it('show the dependencies that the sources have now (npm run generate)', () => {
    expect(page('dependencies.md')).toBe(dependencyPicture(readProjects(root)));
  });
  it('show the messages that contracts declare now (npm run generate)', () => {
    expect(page('events.md')).toBe(eventPicture());
  });
  it('name every topic and message', () => {
    const text = page('events.md');
    for (const topic of topics.keys()) expect(text).toContain(topic);
    for (const m of Object.values(messages)) expect(text).toContain(`\`${m.type}\``);
  });
});
