export { datasetCard } from './card';
export { defineDataset } from './define-dataset';
export type {
  BuildInput,
  BuiltDataset,
  BuiltSplit,
  DatasetDefinition,
  Parameters,
  ParameterValue,
} from './define-dataset';
export { findDataset } from './find-dataset';
export { encodeIdxImages, encodeIdxLabels, readIdxImages, readIdxLabels } from './idx';
export { completeDatasetParameters, parametersSchema } from './parameters';
export { datasets } from './registry.gen';
export { openSource, sourceError } from './source';
export type { Origin, SourceContent, SourceFile } from './source';
export { channelStatistics, countClasses, countGroups } from './statistics';
