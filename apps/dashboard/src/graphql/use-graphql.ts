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

/** A query's answer; the last one stays while the next is on its way. */
export function useLoaded<R, V extends AnyVariables>(document: TypedDocument<R, V>, variables: V): Loaded<R> {
  const [{ data, error, fetching }, execute] = useQuery<R, V>({ query: document as string, variables } as Parameters<
    typeof useQuery<R, V>
  >[0]);
  const reason = error?.networkError
    ? `The laboratory does not answer (${error.networkError.message}). Is it still running?`
    : error?.graphQLErrors[0]?.message;
  return {
    data,
    error: reason ?? null,
    loading: fetching && !data,
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
