import type { Position } from '@minvar/service-kit';
import { sql } from 'kysely';
import type { QueryExecutorProvider } from 'kysely';
import { z } from 'zod';

/** The channel on which gateways of one database tell each other what they have done. */
export const channel = 'minvar';

const message = z.union([
  z.object({
    /** generation */
    g: z.string(),
    /** next offsets that it has come to */
    p: z.array(z.tuple([z.string(), z.number(), z.number()])),
    /** what it was about; left out when that is too much to say */
    s: z.array(z.string()).optional(),
  }),
  /** another generation is current */
  z.object({ swap: z.string() }),
]);
export type Between =
  | { readonly generation: string; readonly next: readonly Position[]; readonly subjects: ReadonlySet<string> }
  | { readonly swap: string };

/** PostgreSQL's limit is 8000 bytes. */
const maxBytes = 7900;

export function encodeFolded(generation: string, next: readonly Position[], subjects: ReadonlySet<string>): string {
  const short = { g: generation, p: next.map((n) => [n.topic, n.partition, n.offset]) };
  const whole = JSON.stringify({ ...short, s: [...subjects] });
  if (Buffer.byteLength(whole) <= maxBytes) return whole;
  const brief = JSON.stringify(short);
  // Offsets of too many partitions at once: whoever hears it asks for them.
  return Buffer.byteLength(brief) <= maxBytes ? brief : JSON.stringify({ swap: generation });
}

export const encodeSwap = (generation: string): string => JSON.stringify({ swap: generation });

/** null: of another version, or of somebody else; whoever hears it asks how things stand. */
export function decodeBetween(text: string): Between | null {
  let parsed;
  try {
    parsed = message.safeParse(JSON.parse(text));
  } catch {
    return null;
  }
  if (!parsed.success) return null;
  if ('swap' in parsed.data) return { swap: parsed.data.swap };
  const { g, p, s } = parsed.data;
  return {
    generation: g,
    next: p.map(([topic, partition, offset]) => ({ topic, partition, offset })),
    subjects: new Set(s ?? []),
  };
}

/** Heard by every gateway when the transaction is committed. */
export async function tell(tx: QueryExecutorProvider, message: string): Promise<void> {
  await sql`select pg_notify(${channel}, ${message})`.execute(tx);
}
