import type { CheckpointPointer, RunHead } from '@minvar/contracts';
import { isTerminal, runHead } from '@minvar/contracts';
import type { HeldObject } from '../memory/object-store';

/*
 * What heads must keep to, looked at as each swap takes place. It is written down here anew, from the promises; none of it comes
 * from the transitions it judges.
 */

export interface Ledger {
  readonly problems: string[];
  /** every state of every head, in order */
  readonly history: ReadonlyMap<string, readonly RunHead[]>;
  /** checkpoints that the world damaged after they were published */
  readonly torn: Set<string>;
  readonly swapped: (key: string, before: HeldObject | undefined, after: Uint8Array, by: string) => void;
}

const headOf = (bytes: Uint8Array): RunHead => runHead.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
/** Owners are `<execution>/<process>#<n>`. */
export const processOf = (owner: string | null): string | null => owner?.split('/')[1]?.split('#')[0] ?? null;

export function createLedger(manifestOf: (pointer: CheckpointPointer) => string | null): Ledger {
  const problems: string[] = [];
  const history = new Map<string, RunHead[]>();
  const torn = new Set<string>();
  /** who published checkpoints or claimed, by run and term */
  const publishers = new Map<string, string>();
  const claimers = new Map<string, string>();

  function one(book: Map<string, string>, what: string, key: string, by: string): void {
    const known = book.get(key);
    if (known !== undefined && known !== by) problems.push(`${key}: ${what} by ${known} and by ${by}`);
    book.set(key, by);
  }

  return {
    problems,
    history,
    torn,
    swapped: (key, held, bytes, by) => {
      if (!/^runs\/[^/]+\/head\.json$/.test(key)) return;
      const after = headOf(bytes);
      const name = after.runId.slice(0, 12);
      const wrong = (text: string): void => void problems.push(`${name}: ${text} (swap by ${by})`);
      const states = history.get(after.runId) ?? [];
      history.set(after.runId, [...states, after]);
      if (!held) {
        if (states.length > 0) wrong('made a second time');
        if (after.state !== 'QUEUED' || after.counter !== 0)
          wrong(`made as ${after.state} with counter ${after.counter}`);
        return;
      }
      const before = headOf(held.body);
      if (after.counter !== before.counter + 1)
        wrong(`counter ${before.counter} → ${after.counter}: built on something other than the newest head`);
      if (after.term < before.term) wrong(`term fell from ${before.term} to ${after.term}`);
      if (after.term > before.term + 1) wrong(`term rose from ${before.term} to ${after.term}`);
      if (after.attempt !== before.attempt && !(after.attempt === before.attempt + 1 && isTerminal(before.state)))
        wrong(`attempt ${before.attempt} → ${after.attempt} while ${before.state}`);
      if (isTerminal(before.state) && after.attempt === before.attempt) wrong(`changed after ${before.state}`);
      if (before.state === 'SUCCEEDED') wrong('changed after it succeeded');
      if (after.term > before.term) {
        if (processOf(after.owner) !== by) wrong(`claimed for ${after.owner}`);
        one(claimers, 'claimed', `${name} term ${after.term}`, by);
      } else if (after.owner !== null && after.owner !== before.owner) wrong('changed hands within a term');

      const { checkpoint } = after;
      if (checkpoint?.prefix !== before.checkpoint?.prefix) {
        const lost = before.checkpoint !== null && torn.has(before.checkpoint.prefix);
        if (checkpoint === null) {
          if (!lost) wrong('forgot a checkpoint that was whole');
        } else if (checkpoint.prefix === before.previousCheckpoint?.prefix) {
          if (!lost) wrong(`went back to ${checkpoint.prefix} though the one after it was whole`);
        } else {
          one(publishers, 'checkpoints published', `${name} term ${after.term}`, by);
          if (checkpoint.term !== after.term || processOf(before.owner) !== by)
            wrong(`checkpoint ${checkpoint.prefix} published in term ${after.term} of ${before.owner}`);
          if (checkpoint.step < (before.checkpoint?.step ?? 0))
            wrong(`checkpoint went back from step ${before.checkpoint!.step} to ${checkpoint.step}`);
          if (manifestOf(checkpoint) !== checkpoint.manifestSha256)
            wrong(`${checkpoint.prefix} published without its manifest`);
        }
      }
      if (after.state === 'SUCCEEDED') {
        if (processOf(before.owner) !== by) wrong(`result published by somebody else than the owner ${before.owner}`);
        if (!after.outcome?.resultKey?.endsWith(`/${after.term}.json`))
          wrong(`result ${after.outcome?.resultKey} in term ${after.term}`);
      }
    },
  };
}
