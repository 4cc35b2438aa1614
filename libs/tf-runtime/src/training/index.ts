export { processChannel } from './channel';
export { runChild } from './child';
export type { Channel, RunChildInput } from './child';
export type { Control, TrainEnd } from './control';
export { failureOf } from './failure';
export { liveSplits } from './evaluate';
export { trainRun } from './train-run';
export type { TrainRunInput } from './train-run';
