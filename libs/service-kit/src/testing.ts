export { bundle, bundleAndFork } from './testing/bundle';
export type { ForkedChild } from './testing/bundle';
export { eventLogContract } from './testing/event-log-contract';
export type { EventLogHarness } from './testing/event-log-contract';
export { objectStoreContract } from './testing/object-store-contract';
export type { ObjectStoreHarness } from './testing/object-store-contract';
export { runSwapChild } from './testing/swap-child';
export type { FromSwapChild, ToSwapChild } from './testing/swap-child';
export { until } from './testing/wait';
