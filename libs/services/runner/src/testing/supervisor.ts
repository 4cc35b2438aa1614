import { join } from 'node:path';
import type { Execution } from '@minvar/contracts';
import { createFolderStore, createLmdbEventLog } from '@minvar/service-kit';
import { runExecution } from '../run-execution';
import type { Fault } from './faults';
import { withFault, withoutFence } from './faults';
import type { Doom } from './doomed-child';
import type { Script } from './scripted-child';

/** argv[2] of the supervisor that tests start as a process of its own. */
export interface SupervisorArguments {
  readonly home: string;
  readonly execution: Execution;
  readonly childPath: string;
  /** what the child is told */
  readonly script: Script;
  /** the same for a child that does not follow a script */
  readonly doom?: Doom | null;
  readonly checkpointSeconds?: number;
  readonly leaseSeconds: number;
  readonly hangSeconds?: number;
  readonly graceSeconds?: number;
  readonly roomSeconds?: number;
  readonly fault?: Fault | null;
  readonly unfenced?: boolean;
}

const args = JSON.parse(process.argv[2]!) as SupervisorArguments;
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());

const log = await createLmdbEventLog({ dir: join(args.home, 'log') });
const folder = await createFolderStore({ dir: join(args.home, 'store') });
const faulty = withFault(args.fault ?? null, log, args.unfenced ? withoutFence(folder) : folder);
const say = (facts: object, text: string): void => void process.stderr.write(`${text} ${JSON.stringify(facts)}\n`);
const code = await runExecution({
  ...args,
  ...faulty,
  childCommand: { path: args.childPath, args: [JSON.stringify(args.doom === undefined ? args.script : args.doom)] },
  cacheDir: join(args.home, 'cache'),
  scratchDir: join(args.home, 'scratch'),
  logger: { info: say, warn: say },
  stop: stop.signal,
});
await log.close();
await folder.close();
process.exit(code);
