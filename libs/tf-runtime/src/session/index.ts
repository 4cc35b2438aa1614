export { loadTensorFlow } from './addon';
export { tensorflowEnvironment } from './environment';
export type { TensorFlowSettings } from './environment';
export { fingerprint } from './fingerprint';
export { openSession } from './open-session';
export type { Session } from './open-session';
export { tensorFlowError } from './tensorflow-error';
export type { TensorFlowError } from './tensorflow-error';
export type { Feed, Fetched } from './wire';
