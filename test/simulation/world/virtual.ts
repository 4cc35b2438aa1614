import type { Scheduler } from './scheduler';

/*
 * What the bundled code takes for the world's clock and dice. The bundler puts these in the place of the globals of the same
 * names (see `../bundle.ts`), in our modules and in packages alike, so nothing in a simulation can see real time.
 */

let scheduler: Scheduler | null = null;
export const enter = (s: Scheduler | null): void => void (scheduler = s);
export function here(): Scheduler {
  if (!scheduler) throw new Error('a clock was asked outside a simulation');
  return scheduler;
}

class VirtualTimer {
  constructor(public cancel: () => void) {}
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

type Callback = (...args: unknown[]) => void;

function virtualSetTimeout(run: Callback, ms = 0, ...args: unknown[]): VirtualTimer {
  return new VirtualTimer(here().timer(Math.max(1, ms), () => run(...args)).cancel);
}
function virtualSetInterval(run: Callback, ms = 0, ...args: unknown[]): VirtualTimer {
  const self = new VirtualTimer(() => {});
  const again = (): void => {
    const next = here().timer(Math.max(1, ms), () => {
      again();
      run(...args);
    });
    self.cancel = next.cancel;
  };
  again();
  return self;
}
const virtualSetImmediate = (run: Callback, ...args: unknown[]): VirtualTimer =>
  new VirtualTimer(here().timer(0, () => run(...args)).cancel);
const cancel = (timer?: VirtualTimer | null): void => timer?.cancel();

const RealDate = globalThis.Date;
class VirtualDate extends RealDate {
  constructor(...args: unknown[]) {
    if (args.length === 0) super(VirtualDate.now());
    else super(...(args as [number]));
  }
  static override now(): number {
    const s = scheduler;
    return s ? s.wall(s.current()) : 0;
  }
}
const virtualPerformance = { now: (): number => here().monotonic(here().current()) };

export const virtualRandom = (): number => here().random.next();
export {
  virtualSetTimeout as setTimeout,
  virtualSetInterval as setInterval,
  virtualSetImmediate as setImmediate,
  cancel as clearTimeout,
  cancel as clearInterval,
  cancel as clearImmediate,
  VirtualDate as Date,
  virtualPerformance as performance,
};
