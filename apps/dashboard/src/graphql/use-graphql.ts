import { useEffect, useRef } from 'react';
import type { AnyVariables } from 'urql';
import { useMutation, useQuery } from 'urql';
import type { TypedDocument } from './operations.gen';

export interface Loaded<R> {
  readonly data: R | undefined;
  readonly error: string | null;
  /** nothing to show yet */
  readonly loading: boolean;
  readonly reload: () => void;
}

const tryAgainMs = 3000;

/**
 * A query's answer; the last one for the same variables stays while the next is on its way, and while the laboratory does
 * not answer: then it is asked again every few seconds.
 */
export function useLoaded<R, V extends AnyVariables>(document: TypedDocument<R, V>, variables: V): Loaded<R> {
  const [{ data, error, fetching }, execute] = useQuery<R, V>({ query: document as string, variables } as Parameters<
    typeof useQuery<R, V>
  >[0]);
  const key = JSON.stringify(variables);
  const last = useRef<{ readonly key: string; readonly data: R } | null>(null);
  if (data) last.current = { key, data };
  const shown = data ?? (last.current?.key === key ? last.current.data : undefined);
  const unreachable = error?.networkError;
  useEffect(() => {
    if (!unreachable) return undefined;
    const timer = setTimeout(() => execute({ requestPolicy: 'network-only' }), tryAgainMs);
    return () => clearTimeout(timer);
  }, [unreachable, execute]);
  const reason = unreachable
    ? `The laboratory does not answer (${unreachable.message}). Is it still running?`
    : error?.graphQLErrors[0]?.message;
  return {
    data: shown,
    // What was read before stays on the page; that nothing new comes is said by the connection's own notice.
    error: unreachable && shown ? null : (reason ?? null),
    loading: fetching && !shown,
    reload: () => execute({ requestPolicy: 'network-only' }),
  };
}

type Failure = { readonly __typename: string; readonly message: string };

/** Sends a mutation; answers what went wrong in words, or null. */
export function useAction<R extends object, V extends AnyVariables>(
  document: TypedDocument<R, V>,
): (variables: V) => Promise<string | null> {
  const [, execute] = useMutation<R, V>(document as string);
  return async (variables) => {
    const { data, error } = await execute(variables);
    if (error) return error.message;
    const result = Object.values(data ?? {})[0] as Failure | undefined;
    return result && /Error$/.test(result.__typename) ? result.message : null;
  };
}
