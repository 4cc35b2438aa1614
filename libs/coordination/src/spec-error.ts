/** A request that makes no sense as it stands: says where, what stood there, and what may stand there. */
export class SpecError extends Error {
  constructor(
    /** path in the request, e.g. `method.alpha` */
    readonly path: string,
    readonly given: unknown,
    message: string,
  ) {
    super(message);
    this.name = 'SpecError';
  }
}
