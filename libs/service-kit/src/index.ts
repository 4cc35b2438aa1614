export {
  absent,
  common,
  ConfigurationError,
  given,
  logLevels,
  oneOf,
  readVariables,
  text,
  whole,
} from './configuration';
export type { LogLevel } from './configuration';
export * from './errors';
export { createLmdbEventLog } from './event-log/lmdb';
export type { LmdbEventLog, LmdbEventLogOptions, TopicSettings } from './event-log/lmdb';
export * from './event-log/port';
export * from './executor/port';
export { checkKey, checkPrefix } from './object-store/key';
export { createFolderStore } from './object-store/folder';
export type { FolderStoreOptions } from './object-store/folder';
export { makeFolders } from './object-store/files';
export { createLinkSigner } from './object-store/links';
export type { LinkCheck, LinkSigner } from './object-store/links';
export * from './object-store/port';
export { probeConditionalWrites } from './object-store/probe';
export { decodeEvent, encodeEvent } from './messages/codec';
export { createPublisher } from './messages/publisher';
export type { Publisher } from './messages/publisher';
export { subscribe, subscribeBatches, topicsOf } from './messages/subscribe';
export type { Handlers, Received } from './messages/subscribe';
export { createLocalExecutor } from './executor/local';
export type { LocalExecutorOptions } from './executor/local';
export { exitWhenParentGone } from './executor/parent';
export { UnsuitableFileSystemError } from './home/file-system';
export { homeFolders, openHome, UnusableHomeError } from './home/home';
export type { Home, HomeFolders } from './home/home';
export { findLaboratory } from './home/laboratory';
export type { Laboratory } from './home/laboratory';
export { acquireLock, HomeInUseError } from './home/lock';
export type { Lock } from './home/lock';
export { createHealth } from './observe/health';
export type { CheckResult, Health, HealthReport } from './observe/health';
export { createLogFile } from './observe/log-file';
export type { LogFileOptions } from './observe/log-file';
export { createLogger } from './observe/logger';
export type { Logger, LoggerOptions } from './observe/logger';
export { createMetrics } from './observe/metrics';
export type { Metrics } from './observe/metrics';
export { tellsOfFullDisk } from './observe/repeats';
export { untilRoom, whenThereIsRoom } from './room';
export { runApp } from './run-app';
