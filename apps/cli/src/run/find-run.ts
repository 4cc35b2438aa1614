import type { Client } from '../client/graphql-client';
import { allPages } from '../client/results';
import { UsageError } from '../errors';
import { runsQuery } from '../graphql/operations.gen';

const whole = /^run_[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The id that `text` is or begins. */
export async function findRunId(client: Client, text: string): Promise<string> {
  if (whole.test(text)) return text;
  if (!/^(run_)?[0-9a-f-]{4,}$/.test(text)) {
    throw new UsageError(`'${text}' is no run id: they look like run_1a2b3c4d-…; \`minvar runs list\` shows them`);
  }
  const start = text.startsWith('run_') ? text : `run_${text}`;
  const ids = (await allPages(async (after) => (await client.request(runsQuery, { first: 200, after })).runs)).map(
    (r) => r.id,
  );
  const found = ids.filter((id) => id.startsWith(start));
  if (found.length === 1) return found[0]!;
  throw new UsageError(
    found.length === 0
      ? `no run id begins with '${start}'; \`minvar runs list\` shows the runs there are`
      : `'${start}' begins ${found.length} run ids: ${found.slice(0, 5).join(', ')}${found.length > 5 ? ', …' : ''}; give more of it`,
  );
}
