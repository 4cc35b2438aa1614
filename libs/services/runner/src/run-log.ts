import { formatLogLine, objectKeys } from '@minvar/contracts';
import type { LogLine } from '@minvar/contracts';
import type { ObjectStore } from '@minvar/service-kit';
import { readBytes, uploadBytes } from './store-io';

/** Longest log kept of a run, in characters; what is cut is cut from the middle of its life, and says so. */
const longest = 4_000_000;

/** `runs/<id>/log.txt`: lines of every owner so far, rewritten at checkpoints and at the end. */
export interface RunLog {
  readonly add: (line: LogLine) => void;
  readonly store: () => Promise<void>;
}

export function createRunLog(store: ObjectStore, runId: string): RunLog {
  let before: string | null = null;
  let text = '';
  const key = objectKeys.runLog(runId);
  return {
    add: (line) => {
      text += formatLogLine(line);
      if (text.length > longest)
        text = `${text.slice(0, longest / 2)}\n… ${text.length - longest} characters left out …\n${text.slice(-longest / 2)}`;
    },
    store: async () => {
      before ??= Buffer.from((await readBytes(store, key))?.bytes ?? []).toString('utf8');
      await uploadBytes(store, key, Buffer.from(before.slice(-longest) + text));
    },
  };
}
