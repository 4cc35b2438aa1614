import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { describeStepPlan, machineHere, stepPlanFor } from '@minvar/tf-runtime';
import type { Machine } from '@minvar/tf-runtime';
import { tensorFlowState } from '../tensorflow';
import type { Finding } from './check';
import { fail, ok, warn } from './check';

const first = (text: string): string => text.trim().split('\n')[0]!.trim();

/** First line that a command prints, or null when it cannot be run. */
function versionOf(command: string, args: readonly string[]): string | null {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? first(stdout || stderr) : null;
}

export function checkNode(): Finding {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  const good = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major === 24;
  return good
    ? ok('node', process.versions.node)
    : warn(
        'node',
        process.versions.node,
        'tested are Node 20.19 or newer, 22.12 or newer, and 24; install one of them (https://nodejs.org)',
      );
}

/** What setting TensorFlow up needs; once it is in place their absence is no failure. */
export async function checkTensorFlow(cacheDir: string): Promise<Finding[]> {
  const { version, dir } = await tensorFlowState();
  const lacking = dir ? warn : fail;
  const later = dir ? 'not needed until TensorFlow has to be set up again; ' : '';
  const tools: [string, string | null, string][] = [
    ['python3', versionOf('python3', ['--version']), 'apt-get install python3'],
    ['pip', versionOf('python3', ['-m', 'pip', '--version']), 'apt-get install python3-pip'],
    ['g++', versionOf('g++', ['--version']), 'apt-get install g++'],
  ];
  return [
    ...tools.map(([name, found, install]) =>
      found ? ok(name, found) : lacking(name, 'not found', `${later}on Debian and Ubuntu: ${install}`),
    ),
    dir
      ? ok('tensorflow', `${version} in ${dir}`)
      : warn(
          'tensorflow',
          `not set up (cache ${cacheDir})`,
          '`minvar start` and `minvar up` set it up on first use: 274 MB, some minutes',
        ),
  ];
}

/** What runs would compute on, and how a training step would be run there. */
export function checkDevice({ gpu, idleCard }: Machine = machineHere()): Finding {
  const here = gpu ? `${gpu.model}, driver ${gpu.driver}` : (cpus()[0]?.model.trim() ?? 'a CPU');
  const found = `${here}; training steps: ${describeStepPlan(stepPlanFor({ device: gpu ? 'gpu' : 'cpu' }))}`;
  return idleCard === null
    ? ok('device', found)
    : warn(
        'device',
        `${found}; ${idleCard} is not used`,
        'TensorFlow was set up without CUDA; for the card: node tools/tensorflow/setup.mjs --device cuda (2.8 GB)',
      );
}

export function checkMachine(slots: number): Finding[] {
  const cores = availableParallelism();
  const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(1);
  const memory = `${gib(totalmem())} GiB, ${gib(freemem())} GiB free`;
  // Supervisor and TensorFlow child of the quick presets: 0.65 GiB measured.
  const perRun = 0.75 * 2 ** 30;
  return [
    slots <= cores
      ? ok('cores', `${cores} cores, ${slots} runs at a time`)
      : warn(
          'cores',
          `${cores} cores, ${slots} runs at a time`,
          `runs will slow each other down: set MINVAR_SLOTS to ${cores} or less`,
        ),
    totalmem() >= perRun * slots
      ? ok('memory', memory)
      : warn(
          'memory',
          memory,
          `a small run takes about 0.75 GiB: set MINVAR_SLOTS to ${Math.max(1, Math.floor(totalmem() / perRun))}`,
        ),
  ];
}
