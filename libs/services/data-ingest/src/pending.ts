import { sha256Hex } from '@minvar/contracts';
import type { EnvelopeOf } from '@minvar/contracts';
import type { ObjectStore } from '@minvar/service-kit';

export type Command = EnvelopeOf<'dataset.ingest'> | EnvelopeOf<'dataset.delete'>;

const prefix = 'uploads/data-ingest/';
const keyOf = (command: Command): string => `${prefix}${sha256Hex(command.id).slice(0, 32)}.json`;

/**
 * Commands that were taken and not yet answered, as objects in the store. A command's record is durable before its offset is
 * committed and goes only after its answer is acknowledged, so a crash in between is picked up by the next start.
 */
export function createPending(store: ObjectStore) {
  return {
    add: async (command: Command): Promise<void> =>
      void (await store.put(keyOf(command), Buffer.from(JSON.stringify(command)))),
    remove: (command: Command): Promise<void> => store.remove(keyOf(command)),
    /** oldest first */
    all: async (): Promise<Command[]> => {
      const commands: Command[] = [];
      for await (const { key } of store.list(prefix))
        commands.push(JSON.parse(Buffer.from((await store.get(key)).body).toString('utf8')) as Command);
      return commands.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
    },
  };
}
