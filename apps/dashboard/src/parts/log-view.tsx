import { useEffect, useRef, useState } from 'react';
import type { RunPageQuery } from '../graphql/operations.gen';
import { runLogSubscription } from '../graphql/operations.gen';
import { useFollow } from '../live/use-follow';

type Line = NonNullable<RunPageQuery['run']>['log'][number];

const kept = 2000;

/** The last lines of a run's log, growing while it goes on; stays at the end unless the reader scrolled up. */
export function LogView({
  runId,
  lines,
  cursor,
  onResync,
}: {
  readonly runId: string;
  readonly lines: readonly Line[];
  readonly cursor: string | null;
  readonly onResync: () => void;
}) {
  const [start] = useState(cursor);
  const [first] = useState(lines);
  const [more, setMore] = useState<readonly Line[]>([]);
  const box = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);
  useFollow(runLogSubscription, { id: runId }, start, {
    cursorOf: (e) => e.runLog.cursor,
    onEvent: (e) => setMore((m) => [...m, ...e.runLog.lines].slice(-kept)),
    onResync,
  });
  useEffect(() => {
    if (atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  });
  const all = [...first, ...more].filter((l) => l.level !== 'debug' && l.level !== 'trace');
  if (all.length === 0) return <p className="faint">No lines.</p>;
  return (
    <pre
      ref={box}
      className="log"
      tabIndex={0}
      aria-label="Log"
      onScroll={(e) =>
        (atEnd.current = e.currentTarget.scrollHeight - e.currentTarget.scrollTop - e.currentTarget.clientHeight < 8)
      }
    >
      {all.map((l) => `${l.at.slice(11, 19)} ${l.level.padEnd(5)} ${l.text}`).join('\n')}
    </pre>
  );
}
