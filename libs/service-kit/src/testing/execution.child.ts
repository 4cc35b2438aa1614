import { writeFileSync } from 'node:fs';
import { executionVariable, parseExecution } from '@minvar/contracts';
import { exitWhenParentGone } from '../executor/parent';

// execution.child.mjs FOLDER: behaves as testing/executor-contract.ts says, and notes in FOLDER what happens to it.

const folder = process.argv[2]!;
const { runs, attempt, executionId } = parseExecution(process.env[executionVariable]!);
const note = (name: string, text = ''): void => writeFileSync(`${folder}/${executionId}.${name}`, text);
const behaviour = runs[0]!.runId;

if (behaviour === 'attempt') process.exit(attempt);
if (behaviour.startsWith('exit:')) process.exit(Number(behaviour.slice('exit:'.length)));
process.on('SIGTERM', () => {
  if (behaviour !== 'deaf') process.exit(21);
});
process.on('SIGINT', () => note('interrupted'));
exitWhenParentGone(async () => {
  await new Promise((r) => setTimeout(r, 20)); // a checkpoint
  note('gone');
});
console.log(`started ${behaviour}`);
console.error('a line on stderr');
note('started', String(process.pid));
setInterval(() => {}, 1000);
