import { experiments } from '@minvar/experiments';
import type { ExperimentResults } from './experiment-document';
import { formatResultText } from './format-table';
import type { ResultTable } from './result-table';
import { resultTable } from './result-table';

/** The table of an experiment's results, with the columns that its definition declares. */
export function tableOf(results: ExperimentResults): ResultTable {
  const definition = Object.values(experiments).find((e) => e.name === results.experiment.name) ?? null;
  return resultTable(results, definition);
}

export const describeResults = (results: ExperimentResults, width: number): string =>
  formatResultText(results, tableOf(results), width);
