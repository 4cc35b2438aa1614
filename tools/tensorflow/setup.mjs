// Puts TensorFlow 2.21 under the unmodified @tensorflow/tfjs-node-gpu: the official Python wheel is only a zip with the C library
// inside, so pip fetches it (pinned by version and hash), two libraries and a dozen headers are kept in a cache outside
// node_modules, and one compiler call builds the addon. Every step leaves a whole folder or none: killed anywhere, the next call goes on.
//
//   node tools/tensorflow/setup.mjs          sets up and prints where
//
// Plain JavaScript, because it runs before anything is built.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

export const tensorflowVersion = '2.21.0';

/** Wheels by platform. Only Linux x86-64 is tested. */
const wheels = {
  'linux-x64': {
    package: 'tensorflow-cpu',
    platform: 'manylinux_2_27_x86_64',
    sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
    megabytes: 274,
  },
};

/** A set-up that cannot go on; the message says what to install or do. */
export class SetUpError extends Error {
  constructor(message) {
    super(message);
    this.name = 'SetUpError';
  }
}

const has = (command, args = ['--version']) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

function needTools(compiler, download) {
  const missing = [];
  if (download && !has('python3')) missing.push('python3 (Debian, Ubuntu: apt-get install python3 python3-pip)');
  else if (download && !has('python3', ['-m', 'pip', '--version']))
    missing.push('pip for python3 (Debian, Ubuntu: apt-get install python3-pip)');
  if (!has(compiler)) missing.push(`${compiler}, a C++17 compiler (Debian, Ubuntu: apt-get install g++)`);
  if (missing.length > 0) {
    throw new SetUpError(
      `TensorFlow cannot be set up: missing ${missing.join('; ')}. Install it and run the same command again; theory, viewing and pulling work without.`,
    );
  }
}

/** One set-up at a time per cache: a lock file that names its owner, taken over when that process is gone. */
async function withLock(file, log, work) {
  for (;;) {
    try {
      const fd = openSync(file, 'wx');
      writeSync(fd, String(process.pid));
      closeSync(fd);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      let owner = Number.NaN;
      try {
        owner = Number(readFileSync(file, 'utf8'));
      } catch {
        continue;
      }
      if (owner && !existsSync(`/proc/${owner}`)) {
        rmSync(file, { force: true });
        continue;
      }
      log(`another set-up (process ${owner}) is at work, waiting`);
      await new Promise((r) => setTimeout(r, 1000));
    }
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

async function sha256Of(file) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}

const sizeOf = (folder) => {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((e) => e.isFile())
      .reduce((sum, e) => sum + statSync(join(e.parentPath ?? e.path, e.name)).size, 0);
  } catch {
    return 0; // a file may go while we look
  }
};

/** Downloads the wheel through pip; what an earlier call finished downloading is used again. Returns its path. */
async function downloadWheel(wheel, partial, log) {
  mkdirSync(partial, { recursive: true });
  const found = () => readdirSync(partial).find((n) => n.endsWith('.whl'));
  let name = found();
  if (name && (await sha256Of(join(partial, name))) !== wheel.sha256) {
    log(`${name} in the cache is damaged, downloading it again`);
    rmSync(join(partial, name));
    name = undefined;
  }
  if (!name) {
    const scratch = join(partial, 'pip');
    rmSync(scratch, { recursive: true, force: true });
    mkdirSync(scratch, { recursive: true });
    const requirements = join(scratch, 'requirements.txt');
    writeFileSync(requirements, `${wheel.package}==${tensorflowVersion} --hash=sha256:${wheel.sha256}\n`);
    const args = [
      '-m',
      'pip',
      'download',
      '--no-deps',
      '--require-hashes',
      '--only-binary=:all:',
      '--disable-pip-version-check',
      '--progress-bar',
      'off',
    ];
    args.push(
      '--python-version',
      '3.11',
      '--implementation',
      'cp',
      '--abi',
      'cp311',
      '--platform',
      wheel.platform,
      '-r',
      requirements,
      '-d',
      scratch,
    );
    // Newer pips can go on with a broken download.
    if (
      spawnSync('python3', ['-m', 'pip', 'download', '--help'], { encoding: 'utf8' }).stdout?.includes(
        '--resume-retries',
      )
    )
      args.push('--resume-retries', '5');
    let output = '';
    const started = Date.now();
    const code = await new Promise((done) => {
      const pip = spawn('python3', args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, TMPDIR: scratch },
      });
      pip.stdout.on('data', (d) => (output += d));
      pip.stderr.on('data', (d) => (output += d));
      const timer = setInterval(() => {
        const mb = sizeOf(scratch) / 1e6;
        log(
          `TensorFlow ${tensorflowVersion}: ${mb.toFixed(0)} of ${wheel.megabytes} MB, ${(mb / ((Date.now() - started) / 1000)).toFixed(1)} MB/s`,
          true,
        );
      }, 1000);
      pip.on('error', (e) => {
        output += e.message;
        clearInterval(timer);
        done(1);
      });
      pip.on('exit', (c) => {
        clearInterval(timer);
        done(c ?? 1);
      });
    });
    if (code !== 0) {
      const last = output.trim().split('\n').slice(-4).join('\n');
      throw new SetUpError(
        `TensorFlow ${tensorflowVersion} could not be downloaded (pip exited with ${code}):\n${last}\nCheck the network or pip's index settings and run the same command again.`,
      );
    }
    name = readdirSync(scratch).find((n) => n.endsWith('.whl'));
    if (!name) throw new SetUpError('pip reported success but left no wheel; run the same command again');
    renameSync(join(scratch, name), join(partial, name));
    rmSync(scratch, { recursive: true, force: true });
    const hash = await sha256Of(join(partial, name));
    if (hash !== wheel.sha256) {
      rmSync(join(partial, name));
      throw new SetUpError(`${name} has SHA-256 ${hash}, expected ${wheel.sha256}: not the official file, removed`);
    }
  }
  return join(partial, name);
}

// A wheel is a zip: this takes the named members out of it, block by block.
const extractProgram = `
import os, shutil, sys, zipfile
wheel, out = sys.argv[1], sys.argv[2]
keep = lambda n: n in ('tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2') or (
    n.endswith('.h') and n.startswith('tensorflow/include/') and ('/tensorflow/c/' in n or 'ctstring' in n or 'tsl_status' in n))
with zipfile.ZipFile(wheel) as z:
    for info in z.infolist():
        if keep(info.filename):
            to = os.path.join(out, info.filename[len('tensorflow/'):])
            os.makedirs(os.path.dirname(to), exist_ok=True)
            with z.open(info) as f, open(to, 'wb') as t:
                shutil.copyfileobj(f, t, 1 << 20)
`;

function compile(compiler, args) {
  const { status, stderr, stdout } = spawnSync(compiler, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) {
    throw new SetUpError(
      `${compiler} could not build the TensorFlow addon:\n${stderr.trim().split('\n').slice(0, 12).join('\n')}`,
    );
  }
  return stdout;
}

function bindingSources() {
  const root = dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json'));
  const version = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
  const nodeApi = join(dirname(require.resolve('node-api-headers/package.json')), 'include');
  return {
    root,
    version,
    nodeApi,
    files: [join(root, 'binding/tfjs_backend.cc'), join(root, 'binding/tfjs_binding.cc')],
  };
}

const flags = (include, source) => [
  '-std=c++17',
  '-O2',
  '-fPIC',
  '-DNAPI_VERSION=8',
  '-I',
  include,
  '-I',
  source.nodeApi,
  '-I',
  source.root,
];

/** Library folder and addon folder, e.g. `tensorflow-cpu-2.21.0-linux-x64/4.22.0-12.2.0-c37c7f0de266`. */
const fingerprintOf = (dir, addon) => `${basename(dir)}/${basename(dirname(addon))}`;

/** The libraries and headers, in a folder that exists only when it is whole. */
async function libraries(dir, wheel, cache, compiler, source, log) {
  if (existsSync(dir)) return;
  const partial = join(cache, `partial-${tensorflowVersion}`);
  const file = await downloadWheel(wheel, partial, log);
  log('unpacking TensorFlow');
  const temporary = `${dir}.${process.pid}.tmp`;
  for (const left of readdirSync(cache))
    if (left.endsWith('.tmp')) rmSync(join(cache, left), { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true });
  const unpack = spawnSync('python3', ['-c', extractProgram, file, temporary], { encoding: 'utf8' });
  if (unpack.status !== 0) {
    rmSync(temporary, { recursive: true, force: true });
    throw new SetUpError(
      `TensorFlow could not be unpacked into ${cache} (about 0.9 GB are needed):\n${unpack.stderr.trim().split('\n').pop()}`,
    );
  }
  // Of the headers only those are kept that the addon's sources reach.
  const include = join(temporary, 'include');
  const used = new Set(
    source.files.flatMap((f) =>
      compile(compiler, ['-M', ...flags(include, source), f])
        .split(/[\s\\]+/)
        .filter((n) => n.startsWith(include))
        .map((n) => resolve(n)),
    ),
  );
  for (const e of readdirSync(include, { recursive: true, withFileTypes: true })) {
    const path = join(e.parentPath ?? e.path, e.name);
    if (e.isFile() && !used.has(path)) rmSync(path);
  }
  renameSync(temporary, dir);
  rmSync(partial, { recursive: true, force: true });
}

/** The compiled addon, kept in the cache by version of the binding and of the compiler. */
function addonIn(dir, compiler, source, log) {
  const identity =
    spawnSync(compiler, ['-dumpfullversion', '-dumpversion'], { encoding: 'utf8' }).stdout?.trim() || 'unknown';
  const content = createHash('sha256');
  for (const f of readdirSync(join(source.root, 'binding')).sort())
    content.update(readFileSync(join(source.root, 'binding', f)));
  const file = join(
    dir,
    'addon',
    `${source.version}-${identity}-${content.digest('hex').slice(0, 12)}`,
    'tfjs_binding.node',
  );
  if (!existsSync(file)) {
    log('compiling the TensorFlow addon');
    mkdirSync(dirname(file), { recursive: true });
    const temporary = `${file}.${process.pid}.tmp`;
    compile(compiler, [
      '-shared',
      ...flags(join(dir, 'include'), source),
      ...source.files,
      join(dir, 'libtensorflow_cc.so.2'),
      join(dir, 'libtensorflow_framework.so.2'),
      `-Wl,-rpath,${dir}`,
      '-o',
      temporary,
    ]);
    renameSync(temporary, file);
  }
  return file;
}

/**
 * Makes `require('@tensorflow/tfjs-node-gpu')` run TensorFlow 2.21. Idempotent; takes no time when everything is there.
 *
 * @param {{ cacheDir?: string, log?: (line: string, transient?: boolean) => void }} [options] `cacheDir`: MINVAR_CACHE or ~/.cache/minvar
 * @returns {Promise<{ dir: string, addon: string, version: string, fingerprint: string, fresh: boolean }>} `fingerprint` names library, platform,
 *   binding and compiler: what is recorded on a run as its build
 * @throws {SetUpError} naming the missing tool, platform or download
 */
export async function setUpTensorFlow({
  cacheDir = process.env.MINVAR_CACHE || join(homedir(), '.cache', 'minvar'),
  log = () => {},
} = {}) {
  const platform = `${process.platform}-${process.arch}`;
  const wheel = wheels[platform];
  if (!wheel) {
    throw new SetUpError(
      `TensorFlow is not set up on ${platform}: Linux on x86-64 is supported. Theory, viewing and pulling work here.`,
    );
  }
  const source = bindingSources();
  const cache = resolve(cacheDir);
  const dir = join(cache, `${wheel.package}-${tensorflowVersion}-${platform}`);
  const installed = join(source.root, 'lib', 'napi-v8', 'tfjs_binding.node');
  const stamp = join(dirname(installed), 'minvar.json');
  const done = () => {
    try {
      const s = JSON.parse(readFileSync(stamp, 'utf8'));
      return s.dir === dir &&
        s.version === source.version &&
        existsSync(s.addon) &&
        existsSync(installed) &&
        existsSync(join(dir, 'libtensorflow_cc.so.2'))
        ? s
        : null;
    } catch {
      return null;
    }
  };
  const before = done();
  if (before)
    return {
      dir,
      addon: before.addon,
      version: tensorflowVersion,
      fingerprint: fingerprintOf(dir, before.addon),
      fresh: false,
    };

  const compiler = process.env.CXX || 'g++';
  // What is in the cache needs no Python any more.
  needTools(compiler, !existsSync(dir));
  mkdirSync(cache, { recursive: true });
  return withLock(join(cache, 'tensorflow.lock'), log, async () => {
    await libraries(dir, wheel, cache, compiler, source, log);
    const addon = addonIn(dir, compiler, source, log);
    mkdirSync(dirname(installed), { recursive: true });
    copyFileSync(addon, `${installed}.${process.pid}`);
    renameSync(`${installed}.${process.pid}`, installed);
    writeFileSync(stamp, JSON.stringify({ dir, addon, version: source.version }));
    log(`TensorFlow ${tensorflowVersion} is ready in ${dir}`);
    return { dir, addon, version: tensorflowVersion, fingerprint: fingerprintOf(dir, addon), fresh: true };
  });
}

if (process.argv[1] && resolve(process.argv[1]) === join(here, 'setup.mjs')) {
  const tty = process.stderr.isTTY;
  let lastShown = 0;
  const log = (line, transient = false) => {
    if (transient && !tty && Date.now() - lastShown < 10_000) return;
    lastShown = Date.now();
    process.stderr.write(transient && tty ? `\r${line}\u001b[K` : `${tty ? '\r\u001b[K' : ''}${line}\n`);
  };
  setUpTensorFlow({ log }).then(
    (r) => process.stdout.write(`TensorFlow ${r.version}: ${r.dir}\n`),
    (e) => {
      process.stderr.write(`${e instanceof SetUpError ? e.message : e.stack}\n`);
      process.exitCode = 1;
    },
  );
}
