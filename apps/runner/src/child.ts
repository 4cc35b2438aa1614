import { fingerprint, openSession, processChannel, runChild } from '@minvar/tf-runtime';
import { childEnvironment } from './environment';

// The TensorFlow child of a runner: started by its supervisor with an IPC channel, ends with it.
const settings = childEnvironment();
runChild({ channel: processChannel(), fingerprint: () => fingerprint(settings), openSession });
