export { defineExperiment } from './experiment-definition';
export type {
  ArmOf,
  Cell,
  ChosenArm,
  ClaimDefinition,
  Endpoint,
  ExactEndpoint,
  ExactRow,
  ExperimentDefinition,
  Preset,
  TableColumn,
} from './experiment-definition';
export { changed, refused } from './change';
export type { Change, Now, Stamp } from './change';
export { advance, isStale } from './projection';
export type { RunVersion, Versioned } from './projection';
export { dispatch, dispatchOrder, takeTurns } from './dispatcher';
export type { ActiveExecution, DispatchInput, QueuedRun, Turns } from './dispatcher';
export { datasetRequest, expandExperiment, identifyRun, presetLabel, presetOf } from './experiment';
export type {
  DatasetRequest,
  ExpandedExperiment,
  ExpansionRequest,
  KnownVersion,
  PlannedRun,
  VersionLookup,
} from './experiment';
export {
  isAnalysisGarbage,
  isBlobGarbage,
  isUploadGarbage,
  nothingReferred,
  refer,
  referUnclear,
  runGarbage,
  unitOf,
  versionGarbage,
} from './garbage';
export type { Referred, RunState, Unit } from './garbage';
export { createKeeper, keep } from './keeper';
export type { AskedChange, Keeper, KeeperEffect, KeeperEnd, KeeperInput, KeeperStep } from './keeper';
export { createLease, holds, isReleased, stepLease } from './lease';
export type { Lease, LeaseEffect, LeaseInput, LeaseStep } from './lease';
export { mayPublish, observe, ranOut, readEvery, renewalDue, renewEvery } from './lease-clock';
export type { LeaseWatch } from './lease-clock';
export type { ParameterisedEntry, Parameters, ParameterValue, Registries } from './registries';
export { queuedEventId, runEvent, terminalEvent, terminalEventId } from './run-events';
export type { RunEvent, RunEventType } from './run-events';
export {
  claim,
  crash,
  failedToStart,
  finish,
  isOwned,
  owns,
  publishCheckpoint,
  queuedHead,
  release,
  renew,
  requestCancel,
  requeueExpired,
  restartLimit,
  retry,
  rewind,
  start,
  takeOver,
} from './run-head';
export type { Writer } from './run-head';
export { applySet, parseSet, settablePaths } from './set';
export type { Setting } from './set';
export { completeRunSpec, datasetParameters, fillParameters } from './spec';
export { SpecError } from './spec-error';
export {
  doomedRuns,
  groupKeyOf,
  noFacts,
  readyRequests,
  remember,
  usersOf,
  versionsIn,
  waitingRequests,
} from './facts';
export type { Facts, RequestFact, RunFact } from './facts';
