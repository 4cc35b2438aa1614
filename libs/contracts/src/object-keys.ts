/** Names in the object store (interfaces: "Objects"). Made here only, never from user paths. */
export const objectKeys = {
  blob: (sha256: string): string => `blobs/sha256/${sha256.slice(0, 2)}/${sha256}`,
  /** of all versions */
  datasetFolder: (datasetId: string): string => `datasets/${datasetId}/`,
  datasetPrefix: (datasetId: string, versionId: string): string => `datasets/${datasetId}/${versionId}/`,
  runPrefix: (runId: string): string => `runs/${runId}/`,
  runSpec: (runId: string): string => `runs/${runId}/spec.json`,
  runHead: (runId: string): string => `runs/${runId}/head.json`,
  checkpoint: (runId: string, term: number, step: number): string => `runs/${runId}/checkpoints/${term}-${step}/`,
  activations: (runId: string, epoch: number): string => `runs/${runId}/activations/${epoch}/`,
  /** `part` tells two chunks at one step apart, e.g. `end` */
  metricChunk: (runId: string, term: number, step: number, part?: string): string =>
    `runs/${runId}/metrics/${term}-${step}${part === undefined ? '' : `-${part}`}.chunk`,
  runResult: (runId: string, term: number): string => `runs/${runId}/results/${term}.json`,
  runLog: (runId: string): string => `runs/${runId}/log.txt`,
  analysisPrefix: (analysisId: string): string => `analyses/${analysisId}/`,
  lease: (name: string): string => `leases/${name}/head.json`,
  upload: (uploadId: string): string => `uploads/${uploadId}/`,
} as const;
