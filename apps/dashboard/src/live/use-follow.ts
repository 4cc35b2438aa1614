import { useEffect, useRef } from 'react';
import { socket } from '../graphql/client';
import type { TypedDocument } from '../graphql/operations.gen';
import { setConnected } from './connection';

interface Following<R> {
  readonly cursorOf: (event: R) => string;
  readonly onEvent: (event: R) => void;
  /** the cursor is too old: read the state again */
  readonly onResync: () => void;
}

const isResync = (errors: unknown): boolean =>
  Array.isArray(errors) && errors.some((e: { extensions?: { code?: string } }) => e.extensions?.code === 'RESYNC');

/**
 * Follows a subscription from a cursor (null: not yet) while the component is shown. A lost connection is taken up again
 * with the cursor of the last event: nothing is missed, nothing comes twice.
 */
export function useFollow<R, V extends { after?: string | null | undefined }>(
  document: TypedDocument<R, V>,
  variables: V,
  from: string | null,
  following: Following<R>,
): void {
  const latest = useRef(following);
  latest.current = following;
  const key = JSON.stringify(variables);
  useEffect(() => {
    if (from === null) return undefined;
    let after = from;
    let pause = 250;
    let ended = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let dispose: () => void = () => undefined;
    const again = () => {
      if (ended) return;
      setConnected(false);
      timer = setTimeout(listen, pause);
      pause = Math.min(2 * pause, 8000);
    };
    const listen = () => {
      dispose = socket.subscribe<Record<string, unknown>>(
        { query: document, variables: { ...(JSON.parse(key) as V), after } },
        {
          next: ({ data, errors }) => {
            if (isResync(errors)) latest.current.onResync();
            if (!data) return;
            pause = 250;
            setConnected(true);
            after = latest.current.cursorOf(data as R);
            latest.current.onEvent(data as R);
          },
          error: (e) => (isResync(e) ? latest.current.onResync() : again()),
          complete: () => undefined,
        },
      );
    };
    listen();
    return () => {
      ended = true;
      clearTimeout(timer);
      dispose();
    };
  }, [document, key, from]);
}
