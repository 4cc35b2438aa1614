import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '@minvar/contracts';

export interface PythonOptions {
  /** folder that keeps the environment (MINVAR_CACHE) */
  readonly cacheDir: string;
  readonly requirements: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

/** Where the scratch environment with exactly these packages lies, made or not. */
export function pythonEnvironment({
  cacheDir,
  requirements,
}: Pick<PythonOptions, 'cacheDir' | 'requirements'>): string {
  const hash = sha256Hex(readFileSync(requirements)).slice(0, 12);
  return join(cacheDir, `bench-python-${hash}`);
}

/** The interpreter of the scratch environment; null when it was not made. */
export function findPython(options: Pick<PythonOptions, 'cacheDir' | 'requirements'>): string | null {
  const python = join(pythonEnvironment(options), 'bin', 'python');
  return existsSync(python) ? python : null;
}

/**
 * Makes the scratch environment: a virtual environment with the pinned packages, about 6 GB with PyTorch. It exists only when it is whole.
 * @throws Error with the end of what pip wrote.
 */
export async function makePython(options: PythonOptions): Promise<string> {
  const found = findPython(options);
  if (found) return found;
  const target = pythonEnvironment(options);
  const part = `${target}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(options.cacheDir, { recursive: true });
  await command('python3', ['-m', 'venv', part], options);
  await command(join(part, 'bin', 'python'), ['-m', 'pip', 'install', '-r', options.requirements], options);
  // Programs of a virtual environment know its path, the interpreter finds its packages from where it lies: only that is used.
  renameSync(part, target);
  return findPython(options)!;
}

function command(program: string, args: readonly string[], { env, signal, onLine }: PythonOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args], { env, signal, stdio: ['ignore', 'pipe', 'pipe'] });
    let tail = '';
    const take = (chunk: Buffer): void => {
      tail = (tail + chunk.toString('utf8')).slice(-2000);
      const line = tail.trimEnd().split('\n').at(-1);
      if (line) onLine(line.slice(0, 120));
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (e) => reject(new Error(`${program} could not be started: ${e.message}`)));
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${program} ${args.join(' ')} ended with ${code}:\n${tail.trim()}`)),
    );
  });
}
