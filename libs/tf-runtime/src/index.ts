export * from './session';
export * from './training';
