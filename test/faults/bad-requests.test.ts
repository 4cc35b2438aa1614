import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { minvar, startLaboratory, temporaryHome } from '../e2e/support';

const { home, dispose } = temporaryHome();
let lab: Awaited<ReturnType<typeof startLaboratory>>;

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A request as anybody could send it; fetch would not let us choose Host and Origin. */
function send(
  path: string,
  {
    method = 'POST',
    headers = {},
    body = '',
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(lab.url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode!, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
const json = { 'content-type': 'application/json' };
const query = (
  text: string,
  variables: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<Answer> =>
  send('/graphql', { headers: { ...json, ...headers }, body: JSON.stringify({ query: text, variables }) });
const errorsOf = ({ text }: Answer) =>
  (JSON.parse(text) as { errors?: { message: string; extensions: { code: string } }[] }).errors ?? [];
const runCount = async (): Promise<number> =>
  (JSON.parse((await query('{ runs { totalCount } }')).text) as { data: { runs: { totalCount: number } } }).data.runs
    .totalCount;

describe('requests that the gateway refuses', () => {
  beforeAll(async () => {
    lab = await startLaboratory(home);
  }, 120_000);
  afterAll(async () => {
    await lab.stop();
    dispose();
  });

  const nested = (levels: number) =>
    `{ experiments { edges { node ${'{ runs { edges { node { dataset { name } experiments '.repeat(levels)}{ name }${' } } } }'.repeat(levels)} } } }`;
  it.each<[string, string, string, RegExp]>([
    ['deeper than is allowed', nested(4), 'OPERATION_TOO_LARGE', /levels of fields; at most \d+/],
    [
      'with too many aliases',
      `{ ${Array.from({ length: 80 }, (_, i) => `a${i}: cursor`).join(' ')} }`,
      'OPERATION_TOO_LARGE',
      /80 aliases; at most \d+/,
    ],
    ['with too many tokens', `{ ${'cursor '.repeat(5000)} }`, 'OPERATION_TOO_LARGE', /more than \d+ tokens/],
    [
      'that asks for too much',
      '{ runs(first: 200) { edges { node { metrics { perGroup { value } } log(tail: 5000) { text } } } } }',
      'OPERATION_TOO_LARGE',
      /fields to answer; at most \d+/,
    ],
    [
      'for a page of 1000',
      '{ runs(first: 1000) { totalCount } }',
      'BAD_USER_INPUT',
      /first: 1000 is out of range; ask for 1 to 200/,
    ],
    ['for a page of none', '{ runs(first: 0) { totalCount } }', 'BAD_USER_INPUT', /first: 0 is out of range/],
    [
      'with a cursor that is none',
      '{ runs(after: "not a cursor") { totalCount } }',
      'BAD_USER_INPUT',
      /after: 'not a cursor' is not a cursor of this list/,
    ],
    ['with an unknown field', '{ runz { totalCount } }', 'GRAPHQL_VALIDATION_FAILED', /Did you mean .*"runs"/],
  ])('a query %s', async (_, text, code, message) => {
    const answer = await query(text);
    const errors = errorsOf(answer);
    expect(errors.map((e) => e.extensions.code)).toContain(code);
    expect(errors.map((e) => e.message).join('\n')).toMatch(message);
    expect(answer.text).not.toMatch(/stacktrace|\.mjs:|node_modules/);
  });

  it('answers null for ids of nothing and for texts that are no id', async () => {
    for (const id of ['run_00000000-0000-4000-8000-000000000000', 'run_x', '', '../../etc/passwd', 'x'.repeat(5000)]) {
      const { text } = await query('query ($id: ID!) { run(id: $id) { id } node(id: $id) { id } }', { id });
      expect(JSON.parse(text)).toEqual({ data: { run: null, node: null } });
    }
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['for a foreign host', { host: 'evil.example' }, /host 'evil\.example' is not one of this gateway's names/],
    [
      'from a foreign page',
      { origin: 'http://evil.example' },
      /origin 'http:\/\/evil\.example' is not this gateway's own page/,
    ],
    ['from a page without origin', { origin: 'null' }, /origin 'null' is not this gateway's own page/],
  ])('anything %s', async (_, headers, message) => {
    for (const path of ['/graphql', '/', '/objects/x']) {
      const answer = await send(path, { headers: { ...json, ...headers }, body: '{"query":"{ cursor }"}' });
      expect(answer.status).toBe(403);
      expect(answer.text).toMatch(message);
    }
  });

  it('what a page elsewhere could send without asking: plain GET, text and form posts', async () => {
    const body = JSON.stringify({ query: '{ cursor }' });
    const answers = [
      await send(`/graphql?query=${encodeURIComponent('{ cursor }')}`, { method: 'GET' }),
      await send('/graphql', { headers: { 'content-type': 'text/plain' }, body }),
      await send('/graphql', {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'query={cursor}',
      }),
      await send('/graphql', { body }),
    ];
    for (const a of answers) {
      expect(a.status).toBe(400);
      expect(a.text).toMatch(/CSRF|cannot be read/);
    }
  });

  it('mutations by GET, batches, bodies over the limit and bodies that are no JSON', async () => {
    const get = await send(
      `/graphql?query=${encodeURIComponent('mutation { retryRun(input: { id: "x" }) { __typename } }')}`,
      {
        method: 'GET',
        headers: { 'apollo-require-preflight': '1' },
      },
    );
    expect(get.status).toBe(405);
    const one = { query: '{ cursor }' };
    expect((await send('/graphql', { headers: json, body: JSON.stringify([one, one]) })).text).toMatch(/batching/i);
    const large = await send('/graphql', {
      headers: json,
      body: JSON.stringify({ ...one, variables: { a: 'x'.repeat(2_000_000) } }),
    });
    expect(large).toMatchObject({ status: 413, text: expect.stringMatching(/more than 1048576 bytes/) as string });
    expect(await send('/graphql', { headers: json, body: '{"query":' })).toMatchObject({ status: 400 });
  });

  const spec = {
    data: { name: 'synthetic-low-high' },
    model: { name: 'linear' },
    method: { name: 'erm' },
    optimizer: { name: 'adamw' },
    epochs: 1,
    batchSize: 16,
    seed: 1,
  };
  it.each<[string, object, RegExp, string]>([
    [
      'an unknown dataset',
      { data: { name: 'mnst' } },
      /there is no 'mnst'; known are .*coloured-mnist.* mnist, .*synthetic-low-high/,
      'data.name',
    ],
    [
      'an unknown method',
      { method: { name: 'mixop' } },
      /there is no 'mixop'; known are .*erm, .*label-smoothing, .*mixup/,
      'method.name',
    ],
    ['an unknown model', { model: { name: 'resnet19' } }, /there is no 'resnet19'; known are /, 'model.name'],
    ['an unknown optimizer', { optimizer: { name: 'adam' } }, /"adamw"\|"sgd"/, 'optimizer.name'],
    ['a negative number of epochs', { epochs: -1 }, /epochs: .*>0.*-1/, 'epochs'],
    ['NaN as text', { epochs: 'NaN' }, /epochs: .*expected number.*NaN/, 'epochs'],
    ['NaN as JSON has it', { optimizer: { name: 'adamw', lr: null } }, /lr/, 'optimizer.lr'],
    ['a negative learning rate', { optimizer: { name: 'adamw', lr: -0.1 } }, /lr: .*-0\.1/, 'optimizer.lr'],
    ['a strength over one', { data: { name: 'coloured-mnist', strength: 1.5 } }, /strength: .*1\.5/, 'data.strength'],
    ['a smoothing over one', { method: { name: 'label-smoothing', alpha: 2 } }, /alpha: .*2/, 'method.alpha'],
    ['a key that there is not', { wat: 1 }, /the spec has no key 'wat'; it has data, model/, 'wat'],
    ['no model', { model: undefined }, /model\.name: missing; known are /, 'model.name'],
  ])('a run with %s: a ValidationError that says what is allowed, and no run', async (_, change, message, path) => {
    const { text } = await query(
      'mutation ($spec: JSONObject!) { createRun(input: { spec: $spec }) { __typename ... on Error { message path } } }',
      { spec: { ...spec, ...change } },
    );
    const { createRun } = (
      JSON.parse(text) as { data: { createRun: { __typename: string; message: string; path: string[] } } }
    ).data;
    expect(createRun).toMatchObject({
      __typename: 'ValidationError',
      message: expect.stringMatching(message) as string,
    });
    expect(createRun.path.join('.')).toContain(['input', 'spec', ...(path ? [path] : [])].join('.'));
    expect(await runCount()).toBe(0);
  });

  it('an infinite number, which JSON text can hold', async () => {
    const body = JSON.stringify({
      query:
        'mutation ($spec: JSONObject!) { createRun(input: { spec: $spec }) { __typename ... on Error { message } } }',
      variables: { spec: { ...spec, optimizer: { name: 'adamw', lr: 'LR' } } },
    }).replace('"LR"', '1e999');
    expect((await send('/graphql', { headers: json, body })).text).toMatch(/ValidationError.*lr/);
    expect(await runCount()).toBe(0);
  });

  it('links that were changed, and links without a signature', async () => {
    const made = await minvar(home, ['data', 'ingest', 'synthetic-low-high', '--json']);
    expect(made.status, made.stderr).toBe(0);
    const { id } = JSON.parse(made.stdout) as { id: string };
    const { text } = await query(
      'query ($id: ID!) { node(id: $id) { ... on DatasetVersion { artifacts { name url } } } }',
      { id },
    );
    const { artifacts } = (JSON.parse(text) as { data: { node: { artifacts: { name: string; url: string }[] } } }).data
      .node;
    const [first, second] = artifacts.map((a) => new URL(a.url));
    const get = (url: URL) => send(`${url.pathname}${url.search}`, { method: 'GET' });
    expect((await get(first!)).status).toBe(200);
    const other = new URL(second!);
    other.search = first!.search;
    const changed = [other, new URL(first!.pathname, lab.url)];
    for (const [name, value] of first!.searchParams) {
      const url = new URL(first!);
      url.searchParams.set(
        name,
        /^\d+$/.test(value) ? String(Number(value) + 1) : `${value.slice(0, -1)}${value.endsWith('A') ? 'B' : 'A'}`,
      );
      changed.push(url);
    }
    for (const url of changed)
      expect(await get(url), url.href).toMatchObject({
        status: 403,
        text: expect.stringMatching(/this link is not valid/) as string,
      });
    for (const path of [
      '/objects/..%2f..%2flinks.secret',
      '/objects/../links.secret',
      '/artifacts/%2e%2e/links.secret',
      '/objects/%',
      '/..%2flinks.secret',
    ])
      expect([400, 403, 404], path).toContain((await send(path + first!.search, { method: 'GET' })).status);
  });

  it('and goes on answering afterwards', async () => {
    expect((await send('/readyz', { method: 'GET' })).status).toBe(200);
    expect((await query('{ cursor }')).status).toBe(200);
  });
});
