export type { ChildCommand } from './child';
export { runExecution } from './run-execution';
export type { ExecutionOptions } from './run-execution';
