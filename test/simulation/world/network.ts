import type { Call } from '../memory/call';
import type { Process, Scheduler } from './scheduler';

/** Rates of what goes wrong with single requests while the weather is bad; each in [0, 1]. */
export interface Weather {
  /** never arrives; the caller sees a time-out */
  readonly lost: number;
  /** takes place, but the caller sees a time-out */
  readonly unanswered: number;
  /** takes place long after the caller saw its time-out */
  readonly late: number;
  /** the caller is killed as it sends, or as the server has done its part */
  readonly fatal: number;
}

export const calm: Weather = { lost: 0, unanswered: 0, late: 0, fatal: 0 };

export type Server = 'store' | 'log' | 'sql';

export interface Network {
  /** on whose behalf a server works just now */
  caller: Process | null;
  weather: Weather;
  /** servers that answer nobody, until this moment of the world */
  readonly downUntil: Record<Server, number>;
  readonly client: (server: Server, process: Process) => Call;
  readonly look: (server: Server) => void;
  readonly faults: Record<string, number>;
}

const timeoutMs = 1000;

export function createNetwork(
  world: Scheduler,
  isMortal: (process: Process) => boolean,
  onFatal: (process: Process) => void,
): Network {
  const { random } = world;
  const faults: Record<string, number> = {};
  const count = (what: string): void => void (faults[what] = (faults[what] ?? 0) + 1);
  const delay = (): number => (random.chance(0.05) ? random.between(50, 600) : random.between(1, 12));

  const net: Network = {
    caller: null,
    weather: calm,
    downUntil: { store: 0, log: 0, sql: 0 },
    faults,
    look: (server) => {
      if (world.now() < net.downUntil[server]) throw new Error(`the ${server} is away`);
    },
    client: (server, process) => (what, work) =>
      new Promise((resolve, reject) => {
        const { lost, unanswered, late } = net.weather;
        const fatal = isMortal(process) ? net.weather.fatal : 0;
        const luck = random.next();
        const reply = (ms: number, tell: () => void): void => void world.after(ms, process, `reply ${what}`, tell);
        const timeOut = (): void => reply(timeoutMs, () => reject(new Error(`${what}: no answer in ${timeoutMs} ms`)));
        const arrive = (ms: number, then: (answer: () => void) => void): void =>
          void world.after(ms, world.world, `serve ${what}`, () => {
            if (world.now() < net.downUntil[server])
              return then(() => reject(new Error(`${what}: the ${server} is away`)));
            let answer: () => void;
            net.caller = process;
            try {
              const value = work();
              answer = () => resolve(value);
            } catch (e) {
              answer = () => reject(e as Error);
            }
            net.caller = null;
            then(answer);
          });
        if (luck < fatal / 2) {
          count('killed while sending');
          world.say(`${process.name} dies as it sends ${what}`);
          return onFatal(process);
        }
        if (luck < fatal) {
          count('killed before the answer');
          return arrive(delay(), () => {
            world.say(`${process.name} dies before the answer to ${what}`);
            onFatal(process);
          });
        }
        if (luck < fatal + lost) {
          count('request lost');
          world.say(`lost: ${what}`);
          return timeOut();
        }
        if (luck < fatal + lost + unanswered) {
          count('answer lost');
          timeOut();
          return arrive(delay(), () => world.say(`took place unanswered: ${what}`));
        }
        if (luck < fatal + lost + unanswered + late) {
          count('arrived late');
          timeOut();
          return arrive(timeoutMs + random.between(1, 8000), () => world.say(`arrived late: ${what}`));
        }
        arrive(delay(), (answer) => reply(delay(), answer));
      }),
  };
  return net;
}
