// Processes that outlive the command that started them: remembered in a folder by pid and start time, ended by pid and never by name.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** When a process was started, as the system tells it; null when there is none. A pid that is used again has another time. */
export function startTime(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? null : fields[18];
  } catch {
    if (process.platform === 'linux') return null;
  }
  return spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim() || null;
}

/** Remembers that a process belongs to the servers of `dir`, so that taking them down ends it. For whoever starts one of them again. */
export function remember(dir, pid, signal = 'SIGTERM') {
  mkdirSync(join(dir, 'pids'), { recursive: true });
  writeFileSync(join(dir, 'pids', String(pid)), JSON.stringify({ pid, signal, started: startTime(pid) }));
}

const remembered = (dir) => {
  try {
    return readdirSync(join(dir, 'pids')).map((name) => JSON.parse(readFileSync(join(dir, 'pids', name), 'utf8')));
  } catch {
    return [];
  }
};
const lives = ({ pid, started }) => started !== null && startTime(pid) === started;

/** Processes of `dir` that are alive. */
export const living = (dir) => remembered(dir).filter(lives);

/** Asks every process of `dir` to end, kills those that are still there after `patience` milliseconds, and waits for their end. */
export async function endAll(dir, patience = 20_000) {
  const send = (one, signal) => {
    try {
      process.kill(one.pid, signal);
    } catch {
      // it ended by itself
    }
  };
  const all = living(dir);
  for (const one of all) {
    send(one, 'SIGCONT'); // one that a test has stopped would not hear the other signal
    send(one, one.signal);
  }
  const until = Date.now() + patience;
  while (all.some(lives) && Date.now() < until) await sleep(50);
  for (const one of all.filter(lives)) send(one, 'SIGKILL');
  while (all.some(lives)) await sleep(20);
  rmSync(join(dir, 'pids'), { recursive: true, force: true });
  return all.length;
}

/** That many ports of loopback that nobody listens on, all different. */
export async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise((done, failed) => {
        server.once('error', failed);
        server.listen(0, '127.0.0.1', () => done(server));
      });
    }),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/** Starts in the background what the `start.json` of a server's folder says: `{ command, args, env, log }`. */
export function startAgain(folder) {
  const { command, args, env, log } = JSON.parse(readFileSync(join(folder, 'start.json'), 'utf8'));
  const out = openSync(log, 'a');
  const child = spawn(command, args, { detached: true, stdio: ['ignore', out, out], env: { ...process.env, ...env } });
  closeSync(out);
  child.unref();
  return child;
}

/**
 * Starts a program in the background, with its output and a `start.json` in `folder`, so that it can be started again as it was after a
 * kill, and waits until `answers` does not throw. Throws with the log's end otherwise.
 */
export async function startUntil({ name, command, args, env, folder, answers, withinMs = 60_000 }) {
  const log = join(folder, `${name}.log`);
  writeFileSync(join(folder, 'start.json'), JSON.stringify({ command, args, env, log }), { mode: 0o600 });
  const child = startAgain(folder);
  let ended = null;
  child.once('error', (error) => (ended = error.message));
  child.once('exit', (code, signal) => (ended ??= `it ended with ${signal ?? `exit code ${code}`}`));
  const until = Date.now() + withinMs;
  for (;;) {
    try {
      if (ended) throw new Error(ended);
      await answers();
      return child.pid;
    } catch (error) {
      if (!ended && Date.now() < until) {
        await sleep(100);
        continue;
      }
      if (!ended) process.kill(child.pid, 'SIGKILL');
      const lines = readFileSync(log, 'utf8').trim().split('\n').slice(-15).join('\n  ');
      throw new Error(`${name} does not answer: ${error.message}\n  ${lines}`, { cause: error });
    }
  }
}
