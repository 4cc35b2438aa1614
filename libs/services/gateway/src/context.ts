import type { Vector } from '@minvar/read-model';
import type { Catalogues } from './catalogue';
import type { Loaders } from './loaders';
import { createLoaders } from './loaders';
import type { LinearSolver } from './linear/solver';
import type { GatewayOptions } from './options';

/** What every resolver gets. */
export interface Context {
  readonly options: GatewayOptions;
  readonly catalogues: Catalogues;
  readonly linear: LinearSolver;
  readonly loaders: Loaders;
  /** how far the read model was when the request began: whatever is read in it is at least that new */
  readonly position: Vector;
  readonly now: () => Date;
}

/** A context a request: loaders batch, and remember within it unless it is a subscription's. */
export function createContext(
  options: GatewayOptions,
  { catalogues, linear }: Pick<Context, 'catalogues' | 'linear'>,
  { cache } = { cache: true },
): Context {
  return {
    options,
    catalogues,
    linear,
    loaders: createLoaders(options.readModel.queries, { cache }),
    position: options.readModel.position(),
    now: options.now ?? (() => new Date()),
  };
}
