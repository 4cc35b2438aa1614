export const setTimeout = <T>(ms?: number, value?: T): Promise<T> =>
  new Promise((resolve) => globalTimer(() => resolve(value as T), ms));

import { setTimeout as globalTimer } from '../world/virtual';
