export { emptySnapshot } from './testing/empty-snapshot';
export { envelope } from './testing/histories';
export { bundleWorker } from './testing/worker-url';
