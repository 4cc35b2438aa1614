export * from './errors';
export * from './event-log/port';
export * from './executor/port';
export * from './object-store/port';
