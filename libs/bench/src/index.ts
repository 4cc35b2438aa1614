export { findPython, makePython } from './python';
export type { BenchReport } from './report';
export { benchTrain, benchTrainParts } from './train/bench-train';
export type { BenchTrainOptions, BenchTrainPart } from './train/bench-train';
