import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchTrain, benchTrainParts, findPython, makePython } from '@minvar/bench';
import type { BenchReport, BenchTrainPart } from '@minvar/bench';
import type { Context } from '../context';
import { outJson } from '../context';
import { serviceEnvironment } from '../environment';
import { InterruptedError, UsageError } from '../errors';
import { machine } from '../machine';
import { ensureTensorFlow } from '../tensorflow';
import type { Registrar } from './shared';
import { wholeNumber } from './shared';

interface Options {
  readonly json?: boolean;
  readonly install?: boolean;
  readonly python?: string;
  readonly rounds?: string;
  readonly width?: readonly string[];
  readonly part?: readonly string[];
  readonly memorySteps?: string;
}

const beside = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

function partsOf(given: readonly string[] | undefined): readonly BenchTrainPart[] {
  for (const part of given ?? []) {
    if (!(benchTrainParts as readonly string[]).includes(part))
      throw new UsageError(`--part is '${part}'; there are ${benchTrainParts.join(', ')}`);
  }
  return given ? (given as readonly BenchTrainPart[]) : benchTrainParts;
}

async function pythonOf(ctx: Context, options: Options): Promise<string | null> {
  if (options.python) {
    if (options.install)
      throw new UsageError('--python names an interpreter and --install makes one; give one of them');
    return isAbsolute(options.python) ? options.python : resolve(ctx.environment.callerDir, options.python);
  }
  const where = { cacheDir: ctx.environment.cache, requirements: beside('../libs/bench/python/requirements.txt') };
  if (!options.install) return findPython(where);
  const onLine = (line: string): void => void ctx.progress.transient(`installing PyTorch: ${line}`);
  return makePython({ ...where, env: serviceEnvironment(ctx.environment), signal: ctx.signal, onLine });
}

async function print(ctx: Context, { rows, ratios, notes }: BenchReport): Promise<void> {
  const width = (values: readonly string[]): number => Math.max(0, ...values.map((v) => v.length));
  const [cases, subjects] = [width(rows.map((r) => r.case)), width(rows.map((r) => r.subject))];
  for (const r of rows)
    await ctx.out(`${r.case.padEnd(cases)}  ${r.subject.padEnd(subjects)}  ${r.value.toPrecision(4)} ${r.unit}\n`);
  if (ratios.length > 0) await ctx.out('\nratios (more than 1: minvar is faster)\n');
  for (const r of ratios) {
    const range = r.low === null ? '' : `  [${r.low.toFixed(2)}, ${r.high!.toFixed(2)}]`;
    await ctx.out(`${r.case.padEnd(cases)}  ${r.peer.padEnd(subjects)}  ${r.ratio.toFixed(2)}${range}\n`);
  }
  for (const note of notes) await ctx.out(`note: ${note}\n`);
}

async function bench(ctx: Context, name: string, options: Options): Promise<void> {
  if (name !== 'train') throw new UsageError(`there is no benchmark '${name}'; there is train`);
  const rounds = wholeNumber('--rounds', options.rounds, 1, 100) ?? 5;
  const memorySteps = wholeNumber('--memory-steps', options.memorySteps, 0, 1_000_000) ?? 2000;
  const widths = options.width?.map((w) => wholeNumber('--width', w, 1, 1024)!) ?? [64, 16];
  const parts = partsOf(options.part);
  const python = await pythonOf(ctx, options);
  await ensureTensorFlow(ctx);
  const about = machine();
  try {
    const report = await benchTrain({
      ...{ rounds, memorySteps, widths, parts, python, machine: about },
      bundles: beside('.'),
      script: beside('../libs/bench/python/train.py'),
      threads: about.cores,
      now: () => new Date(),
      env: serviceEnvironment(ctx.environment),
      signal: ctx.signal,
      onLine: (line) => ctx.progress.line(line),
    });
    if (options.json) await outJson(ctx, report);
    else await print(ctx, report);
  } catch (e) {
    throw ctx.signal.aborted ? new InterruptedError('interrupted; nothing was left behind', { cause: e }) : e;
  }
}

const list = (value: string): string[] => value.split(',').map((v) => v.trim());

export function registerBench({ program, action }: Registrar): void {
  program
    .command('bench')
    .argument('<name>', 'train')
    .description('measures this machine: minvar beside its peers, in turns, as ratios')
    .option('--install', 'makes a Python environment with PyTorch in MINVAR_CACHE first (about 6 GB)')
    .option('--python <path>', 'an interpreter that has PyTorch and torchvision already')
    .option('--part <names>', `only these, separated by commas: ${benchTrainParts.join(', ')}`, list)
    .option('--width <numbers>', 'widths of ResNet-18, separated by commas', list)
    .option('--rounds <n>', 'blocks of each subject and case (5)')
    .option('--memory-steps <n>', 'steps over which memory is watched (2000; 0: not)')
    .option('--json', 'one JSON document on stdout')
    .action(action(bench));
}
