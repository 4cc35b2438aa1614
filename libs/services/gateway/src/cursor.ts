import { topics } from '@minvar/contracts';
import type { Vector } from '@minvar/read-model';
import { parsePartitionKey } from '@minvar/read-model';
import { z } from 'zod';
import { badInput } from './errors';

/** Where a subscription stands: next offsets, and the key of the last message delivered of the record at one of them. */
export interface Cursor {
  readonly vector: Vector;
  readonly within: { readonly partition: string; readonly done: string } | null;
}

const names = [...topics.keys()].sort();
// `o`: topic → next offsets by partition; `w`: a partition, and the last message delivered of the record at its next offset.
const body = z.strictObject({
  v: z.literal(1),
  o: z.record(z.string(), z.array(z.number().int().min(0))),
  w: z.tuple([z.string(), z.string()]).optional(),
});

/** An opaque text; the same position gives the same text. `only` keeps the topics that a subscription reads. */
export function encodeCursor({ vector, within }: Cursor, only: readonly string[] = names): string {
  const o: Record<string, number[]> = {};
  for (const [key, next] of vector) {
    const { topic, partition } = parsePartitionKey(key);
    if (!only.includes(topic) || next === 0) continue;
    const offsets = (o[topic] ??= []);
    while (offsets.length <= partition) offsets.push(0);
    offsets[partition] = next;
  }
  const sorted = Object.fromEntries(Object.entries(o).sort(([a], [b]) => (a < b ? -1 : 1)));
  const json = JSON.stringify({ v: 1, o: sorted, ...(within ? { w: [within.partition, within.done] } : {}) });
  return Buffer.from(json).toString('base64url');
}

/** Throws `BAD_USER_INPUT` for a text that is no cursor. */
export function decodeCursor(text: string): Cursor {
  let parsed;
  try {
    parsed = body.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
  } catch {
    throw badInput(
      `after: '${text.slice(0, 60)}' is not a subscription cursor; take it from an event or from Query.cursor`,
    );
  }
  const vector = new Map<string, number>();
  for (const [topic, offsets] of Object.entries(parsed.o)) {
    offsets.forEach((next, partition) => vector.set(`${topic}/${partition}`, next));
  }
  return { vector, within: parsed.w ? { partition: parsed.w[0], done: parsed.w[1] } : null };
}
