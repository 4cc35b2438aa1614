import type { ExperimentState, RunState, Verdict } from '../graphql/operations.gen';

const words = (s: string): string => s.toLowerCase().replaceAll('_', ' ');

const verdictTone: Record<Verdict, string> = {
  SUPPORTED: 'good',
  CONTRADICTED: 'bad',
  NOT_DISTINGUISHABLE: 'plain',
  DIRECTION_ONLY: 'warm',
  NOT_RUN: 'faint',
};
const stateTone: Record<RunState | ExperimentState, string> = {
  QUEUED: 'plain',
  CLAIMED: 'plain',
  RUNNING: 'live',
  SUCCEEDED: 'good',
  FAILED: 'bad',
  CANCELLED: 'warm',
  NOT_RUN: 'faint',
  WAITING_FOR_DATA: 'live',
  ANALYSING: 'live',
  DONE: 'good',
};

export const VerdictChip = ({ verdict }: { readonly verdict: Verdict }) => (
  <span className={`chip ${verdictTone[verdict]}`}>{words(verdict)}</span>
);

export const StateChip = ({ state }: { readonly state: RunState | ExperimentState }) => (
  <span className={`chip ${stateTone[state]}`}>{words(state)}</span>
);
