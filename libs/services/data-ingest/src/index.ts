export { createDataIngest } from './create-data-ingest';
export type { DataIngest, DataIngestOptions } from './create-data-ingest';
export { exportFormats, exportVersion } from './export/export-version';
export type { ExportFormat, ExportInput } from './export/export-version';
export { readManifest } from './ingest';
