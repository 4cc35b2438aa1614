/** What a person handed in cannot be measured as it is; the message names file, place and value, and the way out. */
export class AuditInputError extends Error {
  override readonly name = 'AuditInputError';
}
