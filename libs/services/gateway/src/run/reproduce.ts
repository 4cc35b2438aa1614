import type { MembershipView, RunView } from '@minvar/read-model';

const quoted = (text: string): string =>
  /^[A-Za-z0-9_.,:/=+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * The command line that repeats a run: the preset that it belongs to, with the changes made to it; for a run made by itself,
 * the mutation that made it, sent to the gateway.
 */
export function reproduce(run: Pick<RunView, 'spec' | 'seed'>, memberships: readonly MembershipView[]): string {
  const [m] = memberships;
  if (m) {
    const seeds = m.seeds === null ? [] : ['--seeds', String(m.seeds)];
    const set = m.set.flatMap((s) => ['--set', s]);
    return ['npx', 'minvar', 'experiment', 'run', m.experiment, '--preset', m.base_preset, ...seeds, ...set]
      .map(quoted)
      .join(' ');
  }
  const query =
    'mutation ($spec: JSONObject!) { createRun(input: { spec: $spec }) { __typename ... on CreateRunPayload { run { id } } ... on Error { message } } }';
  const body = JSON.stringify({ query, variables: { spec: run.spec } });
  return `curl -s "\${MINVAR_SERVER:-http://127.0.0.1:4000}/graphql" -H 'content-type: application/json' -d ${quoted(body)}`;
}
