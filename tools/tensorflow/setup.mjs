// Puts TensorFlow 2.21 under the unmodified @tensorflow/tfjs-node-gpu: the official Python wheel is only a zip with the C library
// inside, so pip fetches it (pinned by version and hash), two libraries and a dozen headers are kept in a cache outside
// node_modules, and one compiler call builds the addon. Every step leaves a whole folder or none: killed anywhere, the next call goes on.
//
//   node tools/tensorflow/setup.mjs                 sets up for what the machine has (CUDA with an NVIDIA card) and prints where
//   node tools/tensorflow/setup.mjs --device cpu    or cuda: for this device
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

/**
 * What is downloaded, by platform and device: [package, version, SHA-256 of its wheel]. Only Linux x86-64 is tested. With CUDA,
 * TensorFlow finds NVIDIA's libraries by the place that their wheels have beside its own, so the wheels' layout is kept.
 */
const variants = {
  'linux-x64': {
    cpu: {
      device: 'cpu',
      folder: `tensorflow-cpu-${tensorflowVersion}-linux-x64`,
      platforms: ['manylinux_2_27_x86_64'],
      megabytes: 274,
      gigabytesUnpacked: 0.9,
      wheels: [
        ['tensorflow-cpu', tensorflowVersion, '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c'],
      ],
    },
    cuda: {
      device: 'cuda',
      folder: `tensorflow-cuda-${tensorflowVersion}-linux-x64/tensorflow-cuda-${tensorflowVersion}-linux-x64`,
      platforms: ['manylinux_2_27_x86_64', 'manylinux_2_17_x86_64', 'manylinux_2_12_x86_64'],
      megabytes: 2750,
      gigabytesUnpacked: 5.3,
      wheels: [
        ['tensorflow', '2.21.0', '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124'],
        ['nvidia-cublas-cu12', '12.9.3.13', 'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72'],
        ['nvidia-cuda-cupti-cu12', '12.8.90', 'ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182'],
        ['nvidia-cuda-nvcc-cu12', '12.9.86', '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0'],
        ['nvidia-cuda-nvrtc-cu12', '12.9.86', '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4'],
        ['nvidia-cuda-runtime-cu12', '12.9.79', '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3'],
        ['nvidia-cudnn-cu12', '9.28.0.42', '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375'],
        ['nvidia-cufft-cu12', '11.4.1.4', 'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28'],
        ['nvidia-curand-cu12', '10.3.10.19', '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e'],
        ['nvidia-cusolver-cu12', '11.7.5.82', '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88'],
        ['nvidia-cusparse-cu12', '12.5.10.65', '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78'],
        ['nvidia-nccl-cu12', '2.32.3', 'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c'],
        ['nvidia-nvjitlink-cu12', '12.9.86', 'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9'],
      ],
    },
  },
};

/** `cuda` on a machine with an NVIDIA driver and card, else `cpu`. */
export const deviceHere = () => (existsSync('/dev/nvidia0') ? 'cuda' : 'cpu');

/** A set-up that cannot go on; the message says what to install or do. */
export class SetUpError extends Error {
  constructor(message) {
    super(message);
    this.name = 'SetUpError';
  }
}

/** Makes the cache folder, one level at a time: Node's `recursive` never ends where nothing can be made, as below /proc. */
function makeCache(cache) {
  const missing = [];
  for (let f = cache; !existsSync(f); f = dirname(f)) missing.unshift(f);
  for (const f of missing) {
    try {
      mkdirSync(f);
    } catch (e) {
      if (e.code !== 'EEXIST')
        throw new SetUpError(
          `the cache ${cache} cannot be made (${e.message}): choose another folder with MINVAR_CACHE`,
        );
    }
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

/** Downloads the wheels through pip; what an earlier call finished downloading is used again. Returns their paths. */
async function downloadWheels(variant, partial, log) {
  mkdirSync(partial, { recursive: true });
  const pinned = new Map(variant.wheels.map(([name, version, sha256]) => [sha256, `${name}==${version}`]));
  const have = new Map();
  for (const name of readdirSync(partial).filter((n) => n.endsWith('.whl'))) {
    const hash = await sha256Of(join(partial, name));
    if (pinned.has(hash)) have.set(hash, name);
    else {
      log(`${name} in the cache is damaged, downloading it again`);
      rmSync(join(partial, name));
    }
  }
  // One after the other, so that what is whole stays when a later one fails.
  for (const [hash, requirement] of pinned) {
    if (have.has(hash)) continue;
    have.set(hash, await downloadWheel(requirement, hash, variant, partial, log));
  }
  return [...pinned.keys()].map((hash) => join(partial, have.get(hash)));
}

/** Downloads one wheel into `partial`; its file name. */
async function downloadWheel(requirement, sha256, variant, partial, log) {
  const scratch = join(partial, 'pip');
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  const requirements = join(scratch, 'requirements.txt');
  writeFileSync(requirements, `${requirement} --hash=sha256:${sha256}\n`);
  const args = ['-m', 'pip', 'download', '--no-deps', '--require-hashes', '--only-binary=:all:'];
  args.push('--disable-pip-version-check', '--progress-bar', 'off');
  args.push('--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311');
  for (const platform of variant.platforms) args.push('--platform', platform);
  args.push('-r', requirements, '-d', scratch);
  // Newer pips can go on with a broken download.
  const help = spawnSync('python3', ['-m', 'pip', 'download', '--help'], { encoding: 'utf8' });
  if (help.stdout?.includes('--resume-retries')) args.push('--resume-retries', '5');
  let output = '';
  const started = Date.now();
  const before = sizeOf(partial);
  const code = await new Promise((done) => {
    const pip = spawn('python3', args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TMPDIR: scratch } });
    pip.stdout.on('data', (d) => (output += d));
    pip.stderr.on('data', (d) => (output += d));
    const timer = setInterval(() => {
      const size = sizeOf(partial);
      const rate = (size - before) / 1e6 / ((Date.now() - started) / 1000);
      log(
        `TensorFlow ${tensorflowVersion}: ${(size / 1e6).toFixed(0)} of ${variant.megabytes} MB, ${rate.toFixed(1)} MB/s`,
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
      `${requirement} could not be downloaded (pip exited with ${code}):\n${last}\nCheck the network or pip's index settings and run the same command again.`,
    );
  }
  const name = readdirSync(scratch).find((n) => n.endsWith('.whl'));
  if (!name) throw new SetUpError('pip reported success but left no wheel; run the same command again');
  const hash = await sha256Of(join(scratch, name));
  if (hash !== sha256) {
    rmSync(scratch, { recursive: true, force: true });
    throw new SetUpError(`${name} has SHA-256 ${hash}, expected ${sha256}: not the official file, removed`);
  }
  renameSync(join(scratch, name), join(partial, name));
  rmSync(scratch, { recursive: true, force: true });
  return name;
}

// A wheel is a zip: this takes the named members out of it, block by block.
const extractProgram = `
import os, shutil, sys, zipfile
wheel, out = sys.argv[1], sys.argv[2]
keep = lambda n: (n.startswith('nvidia/') and not n.endswith(('.h', '.hpp', '.py', '.a'))) or n in ('tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2') or (
    n.endswith('.h') and n.startswith('tensorflow/include/') and ('/tensorflow/c/' in n or 'ctstring' in n or 'tsl_status' in n))
with zipfile.ZipFile(wheel) as z:
    for info in z.infolist():
        if keep(info.filename):
            own = info.filename.startswith('tensorflow/')
            to = os.path.join(out, info.filename[len('tensorflow/'):]) if own else os.path.join(os.path.dirname(out), info.filename)
            os.makedirs(os.path.dirname(to), exist_ok=True)
            with z.open(info) as f, open(to, 'wb') as t:
                shutil.copyfileobj(f, t, 1 << 20)
            if '/bin/' in to: os.chmod(to, 0o755)
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

/** The libraries and headers, in a folder that exists only when it is whole: `folder` in the cache, or its parent where it has one. */
async function libraries(dir, variant, cache, compiler, source, log) {
  if (existsSync(dir)) return;
  const partial = join(cache, `partial-${tensorflowVersion}-${variant.device}`);
  const files = await downloadWheels(variant, partial, log);
  log('unpacking TensorFlow');
  const [top, ...below] = variant.folder.split('/');
  for (const left of readdirSync(cache))
    if (left.endsWith('.tmp')) rmSync(join(cache, left), { recursive: true, force: true });
  const temporary = join(cache, `${top}.${process.pid}.tmp`);
  const libraryFolder = join(temporary, ...below);
  mkdirSync(libraryFolder, { recursive: true });
  for (const file of files) {
    const unpack = spawnSync('python3', ['-c', extractProgram, file, libraryFolder], { encoding: 'utf8' });
    if (unpack.status !== 0) {
      rmSync(temporary, { recursive: true, force: true });
      throw new SetUpError(
        `TensorFlow could not be unpacked into ${cache} (about ${variant.gigabytesUnpacked} GB are needed):\n${unpack.stderr.trim().split('\n').pop()}`,
      );
    }
  }
  // Of the headers only those are kept that the addon's sources reach.
  const include = join(libraryFolder, 'include');
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
  renameSync(temporary, join(cache, top));
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
 * @param {{ cacheDir?: string, device?: 'cpu' | 'cuda', log?: (line: string, transient?: boolean) => void }} [options] `cacheDir`: MINVAR_CACHE or ~/.cache/minvar;
 *   `device`: what the machine has
 * @returns {Promise<{ dir: string, addon: string, version: string, fingerprint: string, fresh: boolean }>} `fingerprint` names library, platform,
 *   binding and compiler: what is recorded on a run as its build
 * @throws {SetUpError} naming the missing tool, platform or download
 */
export async function setUpTensorFlow({
  cacheDir = process.env.MINVAR_CACHE || join(homedir(), '.cache', 'minvar'),
  device = deviceHere(),
  log = () => {},
} = {}) {
  const platform = `${process.platform}-${process.arch}`;
  const variant = variants[platform]?.[device];
  if (!variant) {
    throw new SetUpError(
      `TensorFlow is not set up on ${platform} for the device '${device}': Linux on x86-64 with cpu or cuda is supported. Theory, viewing and pulling work here.`,
    );
  }
  const source = bindingSources();
  const cache = resolve(cacheDir);
  const dir = join(cache, variant.folder);
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
  makeCache(cache);
  return withLock(join(cache, 'tensorflow.lock'), log, async () => {
    await libraries(dir, variant, cache, compiler, source, log);
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
  const at = process.argv.indexOf('--device');
  setUpTensorFlow({ log, ...(at > 0 ? { device: process.argv[at + 1] } : {}) }).then(
    (r) => process.stdout.write(`TensorFlow ${r.version}: ${r.dir}\n`),
    (e) => {
      process.stderr.write(`${e instanceof SetUpError ? e.message : e.stack}\n`);
      process.exitCode = 1;
    },
  );
}
