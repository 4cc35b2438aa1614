export { createAnalyzer } from './create-analyzer';
export type { Analyzer, AnalyzerOptions } from './create-analyzer';
