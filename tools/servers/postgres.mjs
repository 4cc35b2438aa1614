import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePorts, startUntil } from './processes.mjs';

const debian = '/usr/lib/postgresql';
const owner = 'postgres';
const isRoot = process.getuid?.() === 0;

/** The folder of the newest PostgreSQL here, as Debian lays several out, or that of the one in the path; null when there is none. */
function programs() {
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...versions.map((v) => join(debian, v, 'bin')), ...(process.env.PATH ?? '').split(':')];
  return folders.find((f) => f && ['initdb', 'postgres'].every((name) => existsSync(join(f, name)))) ?? null;
}

/** PostgreSQL refuses to run as root: then it runs as its own user. */
const asOwner = (command, args) =>
  isRoot
    ? ['setpriv', [`--reuid=${owner}`, `--regid=${owner}`, '--init-groups', '--', command, ...args]]
    : [command, args];

const idOf = (flag) => Number(execFileSync('id', [flag, owner], { encoding: 'utf8' }));

async function run(command, args) {
  try {
    await promisify(execFile)(...asOwner(command, args), { cwd: '/' });
  } catch (error) {
    throw new Error(`${command}: ${(error.stderr || error.message).trim()}`, { cause: error });
  }
}

async function install() {
  return programs();
}

function missing() {
  const lacking = programs()
    ? []
    : ['PostgreSQL 15 or newer (initdb and postgres; Debian: apt-get install postgresql)'];
  if (!isRoot) return lacking;
  try {
    idOf('-u');
  } catch {
    lacking.push(`a user '${owner}', because PostgreSQL does not run as root (Debian's postgresql makes it)`);
  }
  return lacking;
}

/** A folder that only the server's user reads. */
async function makeFolder(own) {
  mkdirSync(own, { recursive: true, mode: 0o755 });
  if (!isRoot) return;
  chownSync(own, idOf('-u'), idOf('-g'));
  await run('test', ['-x', own]).catch(() => {
    throw new Error(
      `the user ${owner}, as whom PostgreSQL runs, cannot enter ${own}: give --dir a folder whose parents all may enter (chmod a+x)`,
    );
  });
}

/** Runs `work` with a connection of its own. */
async function connected(url, work) {
  const { default: pg } = await import('pg'); // here, so that servers can be built before the packages are installed
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** PostgreSQL with a database `minvar`, owned by a role of that name which may make databases (tests have their own) and nothing more. */
async function start({ installed, dir, say }) {
  say('PostgreSQL: starting');
  const own = join(dir, 'postgres');
  await makeFolder(own);
  const [port] = await freePorts(1);
  const [admin, password] = [randomBytes(20).toString('hex'), randomBytes(20).toString('hex')];
  const secret = join(own, 'password');
  writeFileSync(secret, admin, { mode: 0o600 });
  if (isRoot) chownSync(secret, idOf('-u'), idOf('-g'));
  const data = join(own, 'data');
  const initdb = ['--pgdata', data, '--username', owner, '--pwfile', secret, '--auth=scram-sha-256'];
  // Words are sorted as people do, as in most installations, so that an order which depends on it shows in tests.
  const order = ['--locale=C.UTF-8', '--locale-provider=icu', '--icu-locale=en-US'];
  await run(join(installed, 'initdb'), [...initdb, '--encoding=UTF8', ...order, '--no-instructions']);
  rmSync(secret);
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 200,
    shared_buffers: '64MB',
  };
  const [command, args] = asOwner(join(installed, 'postgres'), [
    '-D',
    data,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]);
  const url = (user, secret, database) => `postgresql://${user}:${secret}@127.0.0.1:${port}/${database}`;
  const pid = await startUntil({
    name: 'postgres',
    command,
    args,
    env: {},
    folder: own,
    answers: () => connected(url(owner, admin, 'postgres'), (client) => client.query('select 1')),
  });
  try {
    await connected(url(owner, admin, 'postgres'), async (client) => {
      await client.query(`create role minvar login createdb password '${password}'`);
      await client.query('create database minvar owner minvar');
    });
  } catch (error) {
    process.kill(pid, 'SIGKILL');
    throw new Error(`PostgreSQL gave no database: ${error.message}`, { cause: error });
  }
  return { pids: [pid], settings: { MINVAR_POSTGRES_URL: url('minvar', password, 'minvar') } };
}

/** SIGINT: it ends in order without waiting for those who are connected. */
export const server = { name: 'postgres', install, start, missing: async () => missing(), signal: 'SIGINT' };
