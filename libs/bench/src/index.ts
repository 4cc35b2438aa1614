export { findPython, makePython, pythonEnvironment } from './python';
export { median, pairedRatio, slope } from './report';
export type { BenchRatio, BenchReport, BenchRow } from './report';
export { benchTrain, benchTrainParts } from './train/bench-train';
export type { BenchTrainOptions, BenchTrainPart } from './train/bench-train';
