export { eventLogContract } from './testing/event-log-contract';
export type { EventLogHarness } from './testing/event-log-contract';
export { until } from './testing/wait';
