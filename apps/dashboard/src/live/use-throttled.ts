import { useEffect, useRef } from 'react';

/** Calls `work` soon after the first of many calls, at most once in `milliseconds`. */
export function useThrottled(work: () => void, milliseconds: number): () => void {
  const latest = useRef(work);
  latest.current = work;
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return () => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      latest.current();
    }, milliseconds);
  };
}
