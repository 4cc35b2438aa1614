export { philox } from './philox';
export { randomScheme, stream } from './stream';
export type { Purpose, RandomStream, StreamKey } from './stream';
