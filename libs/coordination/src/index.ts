export { defineExperiment } from './experiment-definition';
export type {
  Cell,
  ClaimDefinition,
  Endpoint,
  ExactEndpoint,
  ExactRow,
  ExperimentDefinition,
  Preset,
  TableColumn,
} from './experiment-definition';
