import type { LinearProblem, LinearSolution } from '@minvar/theory';

export interface SolveRequest {
  readonly id: number;
  readonly problem: LinearProblem;
}
export type SolveAnswer =
  /** from now on its time counts, not from when the thread was asked to start */
  | { readonly id: number; readonly begun: true }
  | { readonly id: number; readonly solution: LinearSolution }
  /** `isBadInput`: the problem is wrong, not the solver */
  | { readonly id: number; readonly error: string; readonly isBadInput: boolean };
