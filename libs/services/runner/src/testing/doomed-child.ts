import {
  fingerprint,
  loadTensorFlow,
  openSession,
  processChannel,
  runChild,
  tensorflowEnvironment,
} from '@minvar/tf-runtime';

/**
 * The real TensorFlow child, except that it sends a signal to itself or to its supervisor just before the so-manieth call into TensorFlow after
 * the state was set: in a step, in an evaluation, or while a checkpoint's state is fetched.
 *
 * argv[2]: JSON of `Doom`.
 */
export interface Doom {
  /** null: never */
  readonly call: number | null;
  readonly victim: 'child' | 'supervisor';
  readonly signal: 'SIGKILL' | 'SIGTERM';
  /** the step as a function that is called so often a run; default: what the device asks for */
  readonly stepsARun?: number;
}

const doom = JSON.parse(process.argv[2] ?? 'null') as Doom | null;
const settings = { intraOpThreads: 2, interOpThreads: 1, deterministic: false };
Object.assign(process.env, tensorflowEnvironment(settings));
loadTensorFlow();

let calls = -2; // `load` and `restore` come first
runChild({
  channel: processChannel(),
  ...(doom?.stepsARun ? { stepPlan: { form: 'function', xla: false, stepsARun: [doom.stepsARun] } } : {}),
  fingerprint: () => fingerprint(settings),
  openSession: (options) => {
    const session = openSession(options);
    return {
      close: session.close,
      run: (signature, feeds) => {
        if (++calls === doom?.call) {
          process.kill(doom.victim === 'child' ? process.pid : process.ppid, doom.signal);
          // Long enough that what the supervisor answers to SIGTERM is heard right after this call.
          if (doom.signal === 'SIGTERM') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000);
        }
        return session.run(signature, feeds);
      },
    };
  },
});
