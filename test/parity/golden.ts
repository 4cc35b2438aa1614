import { readFileSync } from 'node:fs';

/** Numbers that golden/<script>.py wrote; `name` is the file's, without its ending. */
export const golden = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`golden/${name}.json`, import.meta.url), 'utf8')) as T;
