// `npm run servers -- up|down|install|missing`: Kafka, MinIO, versitygw and PostgreSQL without a container engine, on free ports of
// loopback with all their files in one folder. `up` prints settings as KEY=value lines on stdout, everything else goes to stderr.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { endAll, living, remember, startAgain } from './processes.mjs';

const names = ['kafka', 'minio', 'versitygw', 'postgres'];
const usual = ['kafka', 'minio', 'postgres'];
const usage = `usage: npm run servers -- up [--only ${names.join(',')}] [--dir DIR] [--brokers N]
       npm run servers -- again FOLDER [--dir DIR]     one that was killed, as it was: minio, kafka-1, …
       npm run servers -- down [--dir DIR] [--keep]
       npm run servers -- install|missing [--only …]`;

const say = (text) => process.stderr.write(`${text}\n`);
class Wrong extends Error {}

function parse() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        only: { type: 'string' },
        dir: { type: 'string' },
        brokers: { type: 'string' },
        keep: { type: 'boolean' },
      },
    });
    const [command, folder, ...more] = positionals;
    if (more.length > 0 || (command === 'again') !== (folder !== undefined)) throw new Wrong(usage);
    return { command, folder, ...values };
  } catch (error) {
    throw new Wrong(error instanceof Wrong ? error.message : `${error.message}\n${usage}`);
  }
}

async function load(only) {
  const wanted = only === undefined ? usual : only.split(',').map((name) => name.trim());
  for (const name of wanted)
    if (!names.includes(name)) throw new Wrong(`--only names '${name}'; there are ${names.join(', ')}`);
  return Promise.all(wanted.map(async (name) => (await import(`./${name}.mjs`)).server));
}

/** Does `work` for all at once and waits for all of them; throws what went wrong with any. */
async function forAll(servers, work) {
  const results = await Promise.allSettled(servers.map(work));
  const wrong = results.filter((r) => r.status === 'rejected').map((r) => r.reason.message);
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  return results.map((r) => r.value);
}

async function missing(servers) {
  return [...new Set((await forAll(servers, (server) => server.missing())).flat())];
}

async function install(servers, cache) {
  const tools = await missing(servers);
  if (tools.length > 0) throw new Error(`to start these servers, install:\n${tools.map((t) => `  ${t}\n`).join('')}`);
  return forAll(servers, (server) => server.install({ cache, say }));
}

async function up({ dir, cache, brokers, only }) {
  const servers = await load(only);
  if (living(dir).length > 0) throw new Wrong(`servers run in ${dir}: npm run servers -- down --dir ${dir}`);
  const installed = await install(servers, cache);
  mkdirSync(dir, { recursive: true, mode: 0o755 });
  try {
    const started = await forAll(servers, async (server, i) => {
      const one = await server.start({ installed: installed[i], dir, say, options: { brokers } });
      for (const pid of one.pids) remember(dir, pid, server.signal);
      return one;
    });
    const settings = Object.assign({ MINVAR_SERVERS_DIR: dir }, ...started.map((one) => one.settings));
    writeFileSync(join(dir, 'settings.json'), `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
    process.stdout.write(
      Object.entries(settings)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
  } catch (error) {
    await endAll(dir);
    throw error;
  }
}

function again({ dir, folder }) {
  if (!existsSync(join(dir, folder, 'start.json'))) throw new Wrong(`there is no server '${folder}' in ${dir}`);
  const { pid } = startAgain(join(dir, folder));
  if (!pid) throw new Error(`'${folder}' of ${dir} did not start`);
  remember(dir, pid);
  process.stdout.write(`${pid}\n`);
}

async function down({ dir, keep }) {
  const marker = join(dir, 'settings.json');
  const ended = await endAll(dir);
  say(`${ended} processes of ${dir} ended`);
  // Only a folder that `up` made its own is taken away.
  if (!keep && existsSync(marker) && JSON.parse(readFileSync(marker, 'utf8')).MINVAR_SERVERS_DIR === dir)
    rmSync(dir, { recursive: true, force: true });
}

try {
  const { command, folder, only, brokers, keep, ...given } = parse();
  const cache = resolve(process.env.MINVAR_CACHE ?? join(homedir(), '.cache/minvar'));
  const dir = resolve(given.dir ?? join(tmpdir(), `minvar-servers-${userInfo().username}`));
  if (command === 'up') await up({ dir, cache, brokers, only });
  else if (command === 'again') again({ dir, folder });
  else if (command === 'down') await down({ dir, keep });
  else if (command === 'install') await install(await load(only), cache);
  else if (command === 'missing') for (const tool of await missing(await load(only))) process.stdout.write(`${tool}\n`);
  else throw new Wrong(usage);
} catch (error) {
  say(error.message);
  process.exitCode = error instanceof Wrong ? 2 : 1;
}
