import { EventEmitter } from 'node:events';
import { trainingChild } from '../world/training-child';
import { here } from '../world/virtual';

/*
 * `fork` as the runner uses it: the training child as a process of the simulation, at the other end of a pipe that keeps the
 * order. It shares the supervisor's disk and ends when the pipe closes, as the real one does.
 */

class Stream extends EventEmitter {
  setEncoding(): this {
    return this;
  }
}

export class SimulatedChild extends EventEmitter {
  pid = 1;
  connected = true;
  stdout = new Stream();
  stderr = new Stream();
  send: (message: unknown) => void = () => {};
  kill: (signal?: string) => boolean = () => true;
  disconnect: () => void = () => {};
}

export function fork(_path: string, args: readonly string[]): SimulatedChild {
  const world = here();
  const supervisor = world.current();
  const spawned = world.spawn(`${supervisor.name}/child`, supervisor);
  const process = Object.assign(spawned, { disk: supervisor.disk });
  const child = new SimulatedChild();
  const lines = { down: 0, up: 0 };
  const pipe = (direction: 'down' | 'up', run: () => void): void => {
    lines[direction] = Math.max(lines[direction], world.now() + world.random.between(0, 3));
    const to = direction === 'down' ? process : supervisor;
    world.after(lines[direction] - world.now(), to, `pipe ${direction}`, run);
  };
  let code: number | null = null;
  let hear: (message: unknown) => void = () => {};
  process.atDeath.push(() => {
    pipe('up', () => {
      child.connected = false;
      child.emit('disconnect');
      child.stdout.emit('close');
      child.stderr.emit('close');
      child.emit('exit', code, code === null ? 'SIGKILL' : null);
    });
  });
  const exit = (c: number): void => {
    code = c;
    world.kill(process);
  };
  supervisor.atDeath.push(() =>
    world.after(world.random.between(0, 50), world.world, 'pipe closed', () => world.kill(process)),
  );
  child.send = (message) => pipe('down', () => hear(message));
  child.kill = () => {
    world.kill(process);
    return true;
  };
  child.disconnect = () => {
    child.connected = false;
    world.after(1, process, 'disconnect', () => exit(0));
    child.emit('disconnect');
  };
  world.after(world.random.between(20, 200), process, 'exec', () =>
    trainingChild({
      script: args[0] ?? '{}',
      say: (message) => pipe('up', () => child.emit('message', message)),
      listen: (listener) => (hear = listener),
      exit,
    }),
  );
  return child;
}
export const spawn = fork;
export const execFile = fork;
