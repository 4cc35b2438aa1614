import { z } from 'zod';
import { objectKeys } from './object-keys';

/**
 * Where a part of a message lies that is too large to travel in it: the JSON of that part, an immutable object named by its
 * hash. It is kept as long as the message is.
 */
export const reference = z
  .strictObject({
    key: z.string(),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    sizeBytes: z.number().int().min(0),
    /** rows of a list; 1 for a single document */
    count: z.number().int().min(0),
  })
  .refine(({ key, sha256 }) => key === objectKeys.blob(sha256), 'the key is not that of the hash');
export type Reference = z.infer<typeof reference>;

/** A part of a message that is in it where it fits, else a reference. The message's `large` names it. */
export const orReference = <T extends z.ZodType>(part: T): z.ZodUnion<[T, typeof reference]> =>
  z.union([part, reference]);

export const isReference = (part: unknown): part is Reference =>
  typeof part === 'object' && part !== null && reference.safeParse(part).success;

/** Data of a message with all its parts in place of references. */
export type Whole<D> = { [K in keyof D]: Exclude<D[K], Reference> };
