import type { MembershipView, RunView } from '@minvar/read-model';

const quoted = (text: string): string =>
  /^[A-Za-z0-9_.,:/=+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * The command line that repeats a run: the preset that it belongs to, with the changes made to it; for a run made by itself,
 * its whole spec.
 */
export function reproduce(run: Pick<RunView, 'spec'>, memberships: readonly MembershipView[]): string {
  const [m] = memberships;
  if (!m) return ['npx', 'minvar', 'runs', 'create', '--spec', JSON.stringify(run.spec)].map(quoted).join(' ');
  const seeds = m.seeds === null ? [] : ['--seeds', String(m.seeds)];
  const set = m.set.flatMap((s) => ['--set', s]);
  return ['npx', 'minvar', 'experiment', 'run', m.experiment, '--preset', m.base_preset, ...seeds, ...set]
    .map(quoted)
    .join(' ');
}
