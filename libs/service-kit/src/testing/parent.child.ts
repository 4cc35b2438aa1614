import { createLocalExecutor } from '../executor/local';

// parent.child.mjs FOLDER CHILD: starts one execution that sleeps, and does nothing more.

const [folder, child] = process.argv.slice(2) as [string, string];
const executor = createLocalExecutor({ command: [process.execPath, child, folder], slots: 1, env: () => ({}) });
await executor.start({ executionId: 'exe-orphan', projectId: 'local', attempt: 1, runs: [{ runId: 'sleep' }] });
process.send!('started');
