export { datasetCard } from './card';
export { pathProblem, printable } from './archive/member';
export type { ArchiveMember } from './archive/member';
export { defineDataset } from './define-dataset';
export type {
  BuildInput,
  BuiltDataset,
  BuiltSplit,
  DatasetDefinition,
  DecodedImage,
  ImageDecoder,
  Parameters,
  ParameterValue,
} from './define-dataset';
export { findDataset } from './find-dataset';
export { encodeIdxImages, encodeIdxLabels, readIdxImages, readIdxLabels } from './idx';
export { completeDatasetParameters, parametersSchema } from './parameters';
export { datasets } from './registry.gen';
export { openArchive, openSource } from './source';
export type { ArchiveFile, Origin, Source, SourceArchive, SourceContent, SourceFile, WholeFile } from './source';
export { sourceError } from './source-error';
export { channelStatistics, countClasses, countGroups, createChannelCounter } from './statistics';
