// `npm test`: everything that can be checked on this machine, in stages with their minutes. Ends with one line
// `N passed, N failed, N skipped`. Every skip is named with its reason; under MINVAR_REQUIRE=all a skip is a failure,
// except for want of a GPU. A test file that ran no test is a failure: a suite that did not run proves nothing.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const requireAll = process.env.MINVAR_REQUIRE === 'all';
const only = process.argv.slice(2);
const started = Date.now();
const minutes = (from) => `${((Date.now() - from) / 60000).toFixed(1)} min`;

function run(command, args, env = {}) {
  return new Promise((done) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
    });
    child.on('error', (e) => {
      process.stderr.write(`${command}: ${e.message}\n`);
      done(1);
    });
    child.on('exit', (code, signal) => done(signal ? 1 : (code ?? 1)));
  });
}

const counts = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

async function stage(name, work) {
  const from = Date.now();
  process.stdout.write(`\n== ${name}\n`);
  const code = await work();
  process.stdout.write(`== ${name}: ${code === 0 ? 'ok' : 'FAILED'} (${minutes(from)}, ${minutes(started)} in all)\n`);
  if (code === 0) counts.passed += 1;
  else {
    counts.failed += 1;
    failures.push(name);
  }
  return code;
}

const node = process.execPath;
const files = only.length === 0;
const setup = await stage('TensorFlow', () => run(node, ['tools/tensorflow/setup.mjs']));
const built = await stage('build', () => run(node, ['tools/build.mjs']));
if (files) {
  await stage('types', () => run(node, ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json']));
  await stage('lint', () => run(node, ['tools/lint.mjs']));
  await stage('formatting', () =>
    run(node, ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.']),
  );
}

const testFiles = (folder) =>
  readdirSync(folder, { recursive: true })
    .map((name) => `${folder}/${name}`)
    .filter((name) => /\.test\.tsx?$/.test(name) && !/(^|\/)(node_modules|dist)\//.test(name));

async function suites() {
  const summary = 'dist/test-summary.json';
  rmSync(summary, { force: true });
  const { version } = createRequire(import.meta.url)('vitest/package.json');
  process.stdout.write(`vitest ${version}\n`);
  await run(
    node,
    ['node_modules/vitest/vitest.mjs', 'run', '--reporter=default', '--reporter=./tools/vitest-reporter.mjs', ...only],
    {
      MINVAR_TEST_SUMMARY: summary,
    },
  );
  if (!existsSync(summary)) {
    process.stdout.write('the test runner wrote no summary: it did not finish\n');
    return 1;
  }
  const report = JSON.parse(readFileSync(summary, 'utf8'));
  let bad = report.unhandled.length;
  for (const message of report.unhandled) process.stdout.write(`unhandled error: ${message}\n`);
  const seen = new Map(report.files.map((f) => [f.file, f]));
  if (files) {
    for (const file of ['apps', 'libs', 'experiments', 'tools', 'test'].flatMap(testFiles)) {
      if (!seen.has(file)) {
        process.stdout.write(`did not run: ${file}\n`);
        bad += 1;
      }
    }
  }
  const skips = new Map();
  for (const f of report.files) {
    if (f.tests.length === 0 || f.errors.length > 0) {
      process.stdout.write(`did not run: ${f.file}${f.errors.length ? `: ${f.errors[0]}` : ' (no test in it)'}\n`);
      bad += 1;
    }
    for (const t of f.tests) {
      if (t.state === 'passed') counts.passed += 1;
      else if (t.state === 'failed') {
        counts.failed += 1;
        failures.push(`${f.file}: ${t.name}`);
      } else {
        const reason = t.reason ?? 'no reason given';
        counts.skipped += 1;
        skips.set(reason, [...(skips.get(reason) ?? []), `${f.file}: ${t.name}`]);
      }
    }
  }
  for (const [reason, names] of skips) {
    const allowed = /^no GPU\b/.test(reason);
    process.stdout.write(`skipped (${reason}): ${names.length}\n${names.map((n) => `  ${n}\n`).join('')}`);
    if (requireAll && !allowed) {
      process.stdout.write(`  a failure here, because MINVAR_REQUIRE=all\n`);
      bad += names.length;
    }
  }
  return bad > 0 || report.files.some((f) => f.tests.some((t) => t.state === 'failed')) ? 1 : 0;
}
if (setup === 0 && built === 0) await stage('suites', suites);
else failures.push('suites did not run: what they need failed');

if (failures.length > 0) process.stdout.write(`\nfailed:\n${failures.map((f) => `  ${f}\n`).join('')}`);
process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
process.exit(failures.length === 0 && counts.failed === 0 ? 0 : 1);
