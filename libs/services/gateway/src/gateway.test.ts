import { connect } from 'node:net';
import { experimentIdOf, localProject } from '@minvar/contracts';
import { toyPoints } from '@minvar/theory';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGateway } from './gateway';
import {
  analysed,
  exampleOf,
  failed,
  lines,
  makeMnist,
  mnistIngest,
  points,
  progress,
  queued,
  claimed,
  runWithSeed,
  said,
  started,
  succeeded,
} from './testing/events';
import { openLaboratory } from './testing/laboratory';
import type { Laboratory } from './testing/laboratory';

let lab: Laboratory;
let versionId: string;
const done = runWithSeed(1);
const running = runWithSeed(2);
const broken = runWithSeed(3);
const experimentId = experimentIdOf(localProject, 'colours');
const run = `id state progress attempt cancelRequested`;

beforeAll(async () => {
  lab = await openLaboratory();
  const { event, manifest } = await makeMnist(lab.store);
  versionId = manifest.versionId;
  await lab.say(event);
  await lab.say(
    queued(done, versionId),
    claimed(done),
    started(done),
    progress(done, 10),
    points(done, 'error', [
      [1, 0.5],
      [2, Number.NaN],
      [3, 0.25],
    ]),
    lines(done, 'one', 'two'),
    succeeded(done),
    analysed(done),
    queued(running, versionId),
    claimed(running),
    started(running),
    progress(running, 4),
    queued(broken, versionId),
    claimed(broken),
    failed(broken),
  );
}, 120_000);
afterAll(() => lab.close());

describe('queries', () => {
  it('lists every experiment of the registry, also one that was never run', async () => {
    const { data } = await lab.ask(`{ experiments { totalCount edges { node { id name title presets latestPreset
      claims { id text verdict(preset: "quick") because(preset: "quick") }
      state(preset: "quick") progress(preset: "quick") comparisons(preset: "quick") { metric } runs(preset: "quick") { totalCount } } } } }`);
    expect(data.experiments).toEqual({
      totalCount: 1,
      edges: [
        {
          node: {
            id: experimentId,
            name: 'colours',
            title: 'Which feature is learnt',
            presets: ['quick'],
            latestPreset: null,
            claims: [
              { id: '1', text: 'Mixup follows colour more than ERM', verdict: 'NOT_RUN', because: 'not run yet' },
            ],
            state: 'NOT_RUN',
            progress: 0,
            comparisons: [],
            runs: { totalCount: 0 },
          },
        },
      ],
    });
  });

  it('shows a run whole', async () => {
    const { data, errors } = await lab.ask(
      `query ($id: ID!) { run(id: $id) { ${run} specHash method model seed spec analysed numericsChanged fingerprints
      dataset { name version } signs { name because } metrics { name value perClass } log(tail: 1) { text } reproduce memberships { cell } failure { kind } artifacts { name } } node(id: $id) { __typename id } }`,
      { id: done.runId },
    );
    expect(errors).toBeUndefined();
    expect(data.run).toMatchObject({
      state: 'SUCCEEDED',
      progress: 1,
      attempt: 1,
      cancelRequested: false,
      specHash: done.specHash,
      method: 'mixup',
      seed: 1,
      analysed: true,
      dataset: { name: 'mnist', version: '0123456789ab' },
      log: [{ text: 'two' }],
      failure: null,
      spec: done.spec,
      metrics: [{ name: 'error', value: 0.2, perClass: [0.1, 0.3] }],
      artifacts: [{ name: 'metrics.parquet' }],
    });
    expect(data.run.reproduce).toBe(`npx minvar runs create --spec '${JSON.stringify(data.run.spec)}'`);
    expect(data.node).toEqual({ __typename: 'Run', id: done.runId });
  });

  it('names the curves of each run, and none that it has not', async () => {
    const curves = 'curves { metric variant split class group }';
    const { data } = await lab.ask(
      `query ($a: ID!, $b: ID!) { a: run(id: $a) { ${curves} } b: run(id: $b) { ${curves} } }`,
      {
        a: done.runId,
        b: running.runId,
      },
    );
    expect(data.a.curves).toEqual([{ metric: 'error', variant: null, split: 'test', class: null, group: null }]);
    expect(data.b.curves).toEqual([]);
  });

  it('gives a series with its gaps named, and bounds what is asked for', async () => {
    const ask = (args: string) =>
      lab.ask(`query ($id: ID!) { run(id: $id) { series(${args}) { steps values nonFinite total split } } }`, {
        id: done.runId,
      });
    expect((await ask('metric: "error"')).data.run.series).toEqual({
      steps: [1, 2, 3],
      values: [0.5, null, 0.25],
      nonFinite: [null, 'NaN', null],
      total: 3,
      split: 'test',
    });
    expect((await ask('metric: "loss"')).data.run.series).toBeNull();
    expect((await ask('metric: "error", maxPoints: 5001')).errors![0]!.extensions.code).toBe('BAD_USER_INPUT');
    expect((await ask('metric: "error", maxPoints: 2, downsampling: NONE')).errors![0]!.message).toContain('3 points');
  });

  it('pages through runs in any order, each exactly once', async () => {
    const more = Array.from({ length: 7 }, (_, i) => runWithSeed(100 + i));
    await lab.say(...more.map((r) => queued(r, versionId)));
    for (const field of ['createdAt', 'seed', 'finishedAt', 'state', 'startedAt']) {
      for (const descending of [true, false]) {
        const seen: string[] = [];
        for (let after: string | null = null, more = true; more;) {
          const { data } = await lab.ask(
            `query ($after: String, $o: RunOrder) { runs(first: 3, after: $after, orderBy: $o) { totalCount edges { node { id } } pageInfo { hasNextPage endCursor } } }`,
            { after, o: { field, descending } },
          );
          seen.push(...data.runs.edges.map((e: { node: { id: string } }) => e.node.id));
          ({ hasNextPage: more, endCursor: after } = data.runs.pageInfo);
          expect(data.runs.totalCount).toBe(10);
        }
        expect(new Set(seen).size).toBe(10);
        expect(seen).toHaveLength(10);
      }
    }
    const { data } =
      await lab.ask(`{ runs(filter: { state: [FAILED, SUCCEEDED] }, orderBy: { field: "seed", descending: false }) { edges { node { seed failure { kind } } } }
      none: runs(filter: { experiment: "colours" }) { totalCount } }`);
    expect(data.runs.edges.map((e: { node: unknown }) => e.node)).toEqual([
      { seed: 1, failure: null },
      { seed: 3, failure: { kind: 'NON_FINITE' } },
    ]);
    expect(data.none.totalCount).toBe(0);
  });

  it.each([
    ['{ runs(first: 201) { totalCount } }', '201'],
    ['{ runs(first: 0) { totalCount } }', '0'],
    ['{ runs(orderBy: { field: "password" }) { totalCount } }', 'createdAt'],
    ['{ runs(after: "bm9uc2Vuc2U") { totalCount } }', 'cursor'],
    ['{ experiment(name: "colours") { state(preset: "nope") } }', 'quick'],
    ['{ dataset(name: "mnist") { samples(split: "nope") { index } } }', 'train'],
    ['{ linearSolution(input: { points: [{ x: [1], y: 1 }], loss: "hinge" }) { loss } }', 'mixup'],
    ['{ linearSolution(input: { points: [{ x: [1], y: 3 }], loss: "erm" }) { loss } }', ''],
    ['subscription { runUpdated { cursor } }', 'WebSocket'],
  ])('refuses %s as bad input', async (query, says) => {
    const { errors } = await lab.ask(query);
    expect(errors![0]!.extensions.code).toMatch(
      /BAD_USER_INPUT|BAD_REQUEST|GRAPHQL_VALIDATION_FAILED|OPERATION_RESOLUTION_FAILURE/,
    );
    expect(errors![0]!.message).toContain(says);
    expect(JSON.stringify(errors)).not.toMatch(/stacktrace|node_modules|\.ts:/);
  });

  it('solves linear problems exactly: the optimum balances the two features under ERM with weight decay', async () => {
    const { data } = await lab.ask(
      `query ($p: [LinearPointInput!]!) { linearSolution(input: { points: $p, loss: "label-smoothing", alpha: 0.1, weightDecay: 0.01, low: [0], high: [1] }) { weights converged loss floor lowNorm highNorm bias } }`,
      { p: toyPoints() },
    );
    const s = data.linearSolution;
    expect(s.converged).toBe(true);
    expect(s.lowNorm).toBeCloseTo(Math.abs(s.weights[0]), 12);
    expect(s.highNorm).toBeCloseTo(Math.abs(s.weights[1]), 12);
    expect(s.loss).toBeGreaterThan(s.floor);
  });

  it('goes on answering while a large linear problem is solved, and refuses one that takes too long', async () => {
    const gateway = createGateway({ ...lab.settings, linear: { ...lab.settings.linear, seconds: 1.5 } });
    await gateway.start();
    try {
      const ask = async (query: string, variables = {}) => {
        const response = await fetch(`${gateway.url()}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query, variables }),
        });
        return (await response.json()) as { data: unknown; errors?: { message: string; extensions: object }[] };
      };
      const p = Array.from({ length: 2000 }, (_, i) => ({ x: [Math.sin(i), i % 2], y: i % 2 ? 1 : -1 }));
      let isOver = false;
      const large = ask(
        'query ($p: [LinearPointInput!]!) { linearSolution(input: { points: $p, loss: "mixup", alpha: 1, weightDecay: 0.001 }) { loss } }',
        { p },
      ).finally(() => (isOver = true));
      let answered = 0;
      while (!isOver) {
        expect((await ask('{ cursor runs { totalCount } }')).errors).toBeUndefined();
        answered += 1;
      }
      expect(answered).toBeGreaterThan(5);
      expect((await large).errors![0]).toMatchObject({
        message: expect.stringContaining('take longer than the 1.5 s that a problem may take here') as string,
        extensions: { code: 'BAD_USER_INPUT' },
      });
    } finally {
      await gateway.stop();
    }
  });

  it('shows a dataset with samples cut from its arrays, as pictures', async () => {
    const { data, errors } = await lab.ask(
      `{ dataset(name: "mnist") { id card note attributes splits { name examples perGroup { group count } } samples(split: "train", first: 4, seed: 3) { index label group imagePng values } artifacts { name sizeBytes url } } datasets { totalCount edges { node { name } } } datasetCatalogue { name parametersSchema } methods { name neutral } }`,
    );
    expect(errors).toBeUndefined();
    const { samples, card, artifacts } = data.dataset;
    expect(card).toBe('# MNIST\n');
    expect([...samples].sort((a, b) => a.index - b.index).map((s) => [s.index, s.label, s.group])).toEqual([
      [0, '0', '0/red'],
      [1, '1', '1/green'],
      [2, '1', null],
      [3, '0', '0/red'],
    ]);
    const third = samples.find((s: { index: number }) => s.index === 2);
    const { data: pixels, info } = await sharp(Buffer.from(third.imagePng, 'base64'))
      .grayscale()
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([3, 2]);
    expect([...pixels]).toEqual([120, 130, 140, 150, 160, 170]);
    expect(artifacts.map((a: { name: string }) => a.name)).toContain('manifest.json');
    expect(data.datasetCatalogue.map((d: { name: string }) => d.name)).toContain('coloured-mnist');
    expect(data.methods.find((m: { name: string }) => m.name === 'label-smoothing').neutral).toMatchObject({
      alpha: 0,
    });
  });

  it('serves objects by their links only, with ranges', async () => {
    const { data } = await lab.ask('{ dataset(name: "mnist") { artifacts { name url sizeBytes } } }');
    const { url, sizeBytes } = data.dataset.artifacts.find((a: { name: string }) => a.name === 'train-labels.npy');
    const whole = Buffer.from(await (await fetch(url)).arrayBuffer());
    expect(whole.length).toBe(sizeBytes);
    const part = await fetch(url, { headers: { range: 'bytes=-4' } });
    expect(part.status).toBe(206);
    expect(part.headers.get('content-range')).toBe(`bytes ${sizeBytes - 4}-${sizeBytes - 1}/${sizeBytes}`);
    expect(Buffer.from(await part.arrayBuffer())).toEqual(whole.subarray(-4));
    expect((await fetch(url, { headers: { range: 'bytes=9999-' } })).status).toBe(416);
    expect((await fetch(url.replace('train-labels', 'train-inputs'))).status).toBe(403);
    expect((await fetch(url.split('?')[0])).status).toBe(403);
  });

  it('takes a fixed number of SQL statements, however many runs are shown', async () => {
    const count = async (first: number) => {
      lab.statements.length = 0;
      const { data } = await lab.ask(
        `{ runs(first: ${first}) { totalCount edges { node { id progress memberships { cell } dataset { name } metrics { name } signs { name } log { text } } } } }`,
      );
      expect(data.runs.edges.length).toBe(first);
      return lab.statements.length;
    };
    const few = await count(2);
    expect(await count(9)).toBe(few);
    expect(few).toBeLessThanOrEqual(8);
  });
});

describe('mutations', () => {
  const runExperiment = (input: object) =>
    lab.ask(
      'mutation ($i: RunExperimentInput!) { runExperiment(input: $i) { __typename ... on RunExperimentPayload { preset runIds cursor experiment { name state(preset: "quick") } } ... on Error { message code path } } }',
      { i: input },
    );

  it('accept an experiment once under one key, and derive the ids of its runs', async () => {
    const input = { name: 'colours', preset: 'quick', idempotencyKey: 'first' };
    const [a, b] = await Promise.all([runExperiment(input), runExperiment(input)]);
    const { __typename, runIds, experiment } = a.data.runExperiment;
    expect(__typename).toBe('RunExperimentPayload');
    expect(runIds).toHaveLength(4);
    expect(experiment).toEqual({ name: 'colours', state: 'RUNNING' });
    expect(b.data.runExperiment.runIds).toEqual(runIds);
    const commands = await lab.readModel.queries.changesOf(
      [experimentId],
      [0, 1, 2, 3, 4, 5].map((partition) => ({ topic: 'minvar.experiment.commands.v1', partition, from: 0, to: 1000 })),
    );
    expect(commands).toHaveLength(1);
    const other = await runExperiment({ ...input, seeds: 3 });
    expect(other.data.runExperiment).toMatchObject({ __typename: 'ConflictError', path: ['input', 'idempotencyKey'] });
  });

  it.each([
    [{ name: 'colors', preset: 'quick' }, 'colours'],
    [{ name: 'colours', preset: 'slow' }, 'quick'],
    [{ name: 'colours', preset: 'quick', set: ['model.size=3'] }, 'model.width'],
    [{ name: 'colours', preset: 'quick', set: ['epochs=-1'] }, 'epochs'],
    [{ name: 'colours', preset: 'quick', seeds: 0 }, 'seeds'],
  ])('answer %j with what is allowed', async (input, says) => {
    const { data, errors } = await runExperiment({ ...input, idempotencyKey: 'not taken' });
    expect(errors).toBeUndefined();
    expect(data.runExperiment.__typename).toBe('ValidationError');
    expect(data.runExperiment.message).toContain(says);
  });

  it('give a changed preset a name of its own', async () => {
    const { data } = await runExperiment({ name: 'colours', preset: 'quick', set: ['epochs=1'] });
    expect(data.runExperiment.preset).toMatch(/^quick\+[0-9a-f]{8}$/);
    const shown = await lab.ask(
      'query ($p: String!) { experiment(name: "colours") { presets latestPreset state(preset: $p) } }',
      {
        p: data.runExperiment.preset,
      },
    );
    expect(shown.data.experiment).toEqual({
      presets: ['quick', data.runExperiment.preset],
      latestPreset: data.runExperiment.preset,
      state: 'RUNNING',
    });
  });

  const createRun = (spec: object, idempotencyKey?: string) =>
    lab.ask(
      `mutation ($i: CreateRunInput!) { createRun(input: $i) { __typename ... on CreateRunPayload { run { ${run} spec } } ... on Error { message path } } }`,
      { i: { spec, idempotencyKey } },
    );
  const spec = { data: { name: 'mnist' }, model: { name: 'small-cnn' }, method: { name: 'erm' }, epochs: 3, seed: 77 };

  it('make a run that can be read at once, with every default filled in', async () => {
    const { data, errors } = await createRun(spec, 'make-77');
    expect(errors).toBeUndefined();
    const { run: made } = data.createRun;
    expect(made).toMatchObject({
      state: 'QUEUED',
      attempt: 1,
      progress: 0,
      spec: { batchSize: 128, data: { version: '0123456789ab' } },
    });
    expect((await lab.ask('query ($id: ID!) { run(id: $id) { state } }', { id: made.id })).data.run.state).toBe(
      'QUEUED',
    );
    expect((await createRun(spec, 'make-77')).data.createRun.run.id).toBe(made.id);
    expect((await createRun({ ...spec, seed: 78 }, 'make-77')).data.createRun.__typename).toBe('ConflictError');
    // Refused by the trainer: the run says so instead of waiting for ever.
    await lab.say(
      said('run.rejected', made.id, {
        runId: made.id,
        command: 'run.create',
        because: 'the dataset version is gone',
        idempotencyKey: 'make-77',
      }),
    );
    const after = await lab.ask('query ($id: ID!) { run(id: $id) { state failure { kind message } } }', {
      id: made.id,
    });
    expect(after.data.run).toEqual({
      state: 'FAILED',
      failure: { kind: 'BAD_SPEC', message: 'the dataset version is gone' },
    });
  });

  it('refuse a limit beyond the version’s training examples, naming both', async () => {
    const data = { name: 'mnist', limit: 5 };
    expect((await createRun({ ...spec, data })).data.createRun).toEqual({
      __typename: 'ValidationError',
      message: expect.stringMatching(
        /^data\.limit: 5 is more than the 4 training examples of 'mnist' 0123456789ab; lower it/,
      ) as string,
      path: ['input', 'spec', 'data', 'limit'],
    });
    const fits = await createRun({ ...spec, seed: 79, data: { ...data, limit: 4 } });
    expect(fits.data.createRun.__typename).toBe('CreateRunPayload');
  });

  it('refuse specs with their path, and data that does not exist', async () => {
    const bad = await createRun({ ...spec, method: { name: 'mixup', alpha: -1 } });
    expect(bad.data.createRun).toMatchObject({
      __typename: 'ValidationError',
      path: ['input', 'spec', 'method', 'alpha'],
    });
    const { model: _model, ...noModel } = spec;
    const known = /^model\.name: missing; known are .*linear, mlp, .*small-cnn/;
    for (const lacking of [noModel, { ...spec, model: {} }]) {
      expect((await createRun(lacking)).data.createRun).toEqual({
        __typename: 'ValidationError',
        message: expect.stringMatching(known) as string,
        path: ['input', 'spec', 'model', 'name'],
      });
    }
    expect((await createRun({})).data.createRun.message).toMatch(/^data\.name: missing; known are .*mnist/);
    for (const [wrong, path, says] of [
      [{ ...spec, wat: 1 }, ['wat'], "wat: the spec has no key 'wat'; it has data, model, method, optimizer, epochs"],
      [
        { ...spec, model: { name: 'mlp', size: 3 } },
        ['model', 'size'],
        "'model' has no key 'size'; it has name, width",
      ],
      [{ ...spec, optimizer: { momentum: 1 } }, ['optimizer', 'momentum'], 'it has name, lr, weightDecay'],
      [{ ...spec, method: { name: 'mixup', beta: 1 } }, ['method', 'beta'], "no parameter 'beta'; it has alpha"],
    ] as const) {
      const answer = (await createRun(wrong)).data.createRun;
      expect(answer).toMatchObject({ __typename: 'ValidationError', path: ['input', 'spec', ...path] });
      expect(answer.message).toContain(says);
    }
    const missing = await createRun({ ...spec, data: { name: 'coloured-mnist' } });
    expect(missing.data.createRun.__typename).toBe('NotFoundError');
    expect(missing.data.createRun.message).toContain('ingestDataset');
  });

  const onRun = (name: string, id: string, idempotencyKey?: string) =>
    lab.ask(
      `mutation ($i: ${name[0]!.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $i) { __typename ... on ${name[0]!.toUpperCase()}${name.slice(1)}Payload { run { ${run} } } ... on Error { message } } }`,
      { i: { id, idempotencyKey } },
    );

  it('cancel a running run, not a finished one; and try a failed one again, not a good one', async () => {
    expect((await onRun('cancelRun', running.runId)).data.cancelRun).toMatchObject({
      __typename: 'CancelRunPayload',
      run: { state: 'RUNNING', cancelRequested: true },
    });
    expect((await onRun('cancelRun', done.runId)).data.cancelRun.__typename).toBe('ConflictError');
    expect((await onRun('cancelRun', 'run_nope')).data.cancelRun.__typename).toBe('NotFoundError');
    const retry = await onRun('retryRun', broken.runId, 'again');
    expect(retry.data.retryRun).toMatchObject({ __typename: 'RetryRunPayload', run: { state: 'QUEUED', attempt: 2 } });
    // The same key says the same, although the run is queued by now; a new one is refused.
    expect((await onRun('retryRun', broken.runId, 'again')).data.retryRun.run.attempt).toBe(2);
    expect((await onRun('retryRun', broken.runId, 'again 2')).data.retryRun.__typename).toBe('ConflictError');
    expect((await onRun('retryRun', done.runId)).data.retryRun.__typename).toBe('ConflictError');
  });

  it('count before they delete, and delete only what has ended', async () => {
    await lab.store.put(`runs/${done.runId}/spec.json`, Buffer.from('{}'));
    await lab.store.put(`runs/${done.runId}/log.txt`, Buffer.from('12345'));
    const deleteRun = (input: object) =>
      lab.ask(
        'mutation ($i: DeleteInput!) { deleteRun(input: $i) { __typename ... on DeletePayload { objects bytes dryRun } ... on Error { message } } }',
        { i: input },
      );
    expect((await deleteRun({ id: done.runId })).data.deleteRun).toEqual({
      __typename: 'DeletePayload',
      objects: 2,
      bytes: 7,
      dryRun: true,
    });
    expect((await deleteRun({ id: running.runId, dryRun: false })).data.deleteRun.__typename).toBe('ConflictError');
    expect((await deleteRun({ id: done.runId, dryRun: false, idempotencyKey: 'bye' })).data.deleteRun.dryRun).toBe(
      false,
    );
    await lab.say(said('run.deleted', done.runId, { runId: done.runId }));
    expect((await lab.ask('query ($id: ID!) { run(id: $id) { id } }', { id: done.runId })).data.run).toBeNull();
    expect((await deleteRun({ id: done.runId, dryRun: false, idempotencyKey: 'bye' })).data.deleteRun.__typename).toBe(
      'DeletePayload',
    );
    expect((await deleteRun({ id: done.runId })).data.deleteRun.__typename).toBe('NotFoundError');
  });

  it('ingest from the catalogue only', async () => {
    const ingest = (input: object) =>
      lab.ask(
        'mutation ($i: IngestDatasetInput!) { ingestDataset(input: $i) { __typename ... on IngestDatasetPayload { dataset ingestId } ... on Error { message } } }',
        { i: input },
      );
    expect((await ingest({ name: 'mnist' })).data.ingestDataset).toEqual({
      __typename: 'IngestDatasetPayload',
      dataset: 'mnist',
      ingestId: mnistIngest,
    });
    expect((await ingest({ name: 'imagenet' })).data.ingestDataset.message).toContain('coloured-mnist');
    expect((await ingest({ name: 'mnist', source: '../../etc/passwd' })).data.ingestDataset.__typename).toBe(
      'ValidationError',
    );
    expect((await ingest({ name: 'mnist', source: 'up_1' })).data.ingestDataset.__typename).toBe('NotFoundError');
    expect((await ingest({ name: 'coloured-mnist', parameters: { sigma: 1 } })).data.ingestDataset.message).toContain(
      'jitter',
    );
  });

  it('fold everything anew to the same rows', async () => {
    const { data } = await lab.ask('mutation { rebuildReadModel { before after events } }');
    expect(data.rebuildReadModel.after).toBe(data.rebuildReadModel.before);
    expect(
      (await runExperiment({ name: 'colours', preset: 'quick', idempotencyKey: 'first', seeds: 3 })).data.runExperiment
        .__typename,
    ).toBe('ConflictError');
  });
});

describe('an experiment', () => {
  it('goes from asked for through its runs to verdicts', async () => {
    const state = async () => {
      const { data } = await lab.ask(
        '{ experiment(name: "colours") { state(preset: "quick") progress(preset: "quick") claims { verdict(preset: "quick") because(preset: "quick") } comparisons(preset: "quick") { a b difference } runs(preset: "quick") { edges { node { seed } } } } }',
      );
      return data.experiment;
    };
    const request = {
      requestId: exampleOf('experiment.run').requestId,
      experimentId,
      name: 'colours',
      preset: 'quick',
    };
    const full = { ...request, basePreset: 'quick', seeds: null, set: [], freshNonce: null, priority: 0 };
    const members = [runWithSeed(201), runWithSeed(202)];
    await lab.say(
      said('experiment.accepted', experimentId, { ...full, waitingFor: [{ ingestId: mnistIngest, name: 'mnist' }] }),
    );
    // Asked for later than the request above, whose time comes from this machine's clock.
    const at = new Date(Date.now() + 3_600_000).toISOString();
    await lab.say({ ...said('experiment.run', experimentId, { ...full, idempotencyKey: null }), time: at });
    expect(await state()).toMatchObject({ state: 'WAITING_FOR_DATA', progress: 0 });
    await lab.say(
      said('experiment.expanded', experimentId, {
        ...request,
        runs: members.map((m) => ({ runId: m.runId, cell: 'c', method: 'mixup', seed: m.spec.seed })),
      }),
    );
    expect(await state()).toMatchObject({ state: 'RUNNING' });
    await lab.say(
      ...members.map((m) => queued(m, versionId)),
      claimed(members[0]!),
      started(members[0]!),
      succeeded(members[0]!),
    );
    expect(await state()).toMatchObject({ state: 'RUNNING', progress: 0.5 });
    await lab.say(claimed(members[1]!), started(members[1]!), succeeded(members[1]!));
    expect(await state()).toMatchObject({
      state: 'ANALYSING',
      progress: 1,
      claims: [{ verdict: 'NOT_RUN', because: 'not judged yet' }],
    });
    const { comparisons } = exampleOf('experiment.judged');
    await lab.say(
      said('experiment.judged', experimentId, {
        ...request,
        comparisons,
        verdicts: [{ claim: '1', verdict: 'SUPPORTED', because: '2 of 2' }],
        artifacts: [],
      }),
    );
    expect(await state()).toMatchObject({
      state: 'DONE',
      claims: [{ verdict: 'SUPPORTED', because: '2 of 2' }],
      comparisons: [{ a: 'mixup', b: 'erm', difference: 0.1 }],
    });
    expect((await state()).runs.edges).toHaveLength(2);
    const { data } = await lab.ask(
      'query ($id: ID!) { run(id: $id) { reproduce memberships { experiment preset cell } } }',
      { id: members[0]!.runId },
    );
    expect(data.run).toEqual({
      reproduce: 'npx minvar experiment run colours --preset quick',
      memberships: [{ experiment: 'colours', preset: 'quick', cell: 'c' }],
    });
  });
});

describe('the door', () => {
  const post = (init: RequestInit & { path?: string }) =>
    fetch(`${lab.url}${init.path ?? '/graphql'}`, { method: 'POST', ...init });
  const json = { 'content-type': 'application/json' };
  const query = JSON.stringify({ query: '{ cursor }' });

  /** A request with headers that `fetch` does not let one set. */
  const raw = (headers: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(lab.url);
      const socket = connect(Number(port), hostname, () =>
        socket.write(
          `POST /graphql HTTP/1.1\r\n${headers}\r\ncontent-type: application/json\r\ncontent-length: ${query.length}\r\nconnection: close\r\n\r\n${query}`,
        ),
      );
      let text = '';
      socket.on('data', (d) => (text += d.toString()));
      socket.on('end', () => resolve(text));
      socket.on('error', reject);
    });

  it('refuses forms and plain text, which other sites can send', async () => {
    expect((await post({ body: query, headers: { 'content-type': 'text/plain' } })).status).toBe(400);
    expect((await fetch(`${lab.url}/graphql?query={cursor}`)).status).toBe(400);
  });

  it('refuses batches and large bodies', async () => {
    expect((await post({ body: `[${query},${query}]`, headers: json })).status).toBe(400);
    const large = await post({
      body: JSON.stringify({ query: '{ cursor }', variables: { x: 'x'.repeat(1024 * 1024) } }),
      headers: json,
    });
    expect(large.status).toBe(413);
    expect(await large.json()).toEqual({
      errors: [{ message: 'the request has more than 1048576 bytes', extensions: { code: 'OPERATION_TOO_LARGE' } }],
    });
    const tokens = await post({ body: JSON.stringify({ query: `{ ${'cursor '.repeat(5000)} }` }), headers: json });
    expect(tokens.status).toBe(400);
    expect(await tokens.text()).toContain('more than 4000 tokens');
  });

  const repeated = (n: number, text: (i: number) => string): string =>
    Array.from({ length: n }, (_, i) => text(i)).join(' ');
  const nested = (n: number): string =>
    n === 0 ? 'id' : `... on Run { dataset { ... on Node { ${nested(n - 1)} } } }`;
  it.each([
    ['depth', `{ node(id: "x") { ${nested(13)} } }`],
    ['cost', '{ runs(first: 200) { edges { node { metrics { perGroup { value } } log(tail: 5000) { text } } } } }'],
    [
      'aliases',
      `{ ${repeated(39, (i) => `a${i}: cursor`)} ...F } fragment F on Query { ${repeated(39, (i) => `b${i}: cursor`)} }`,
    ],
    ['directives', `{ cursor ${'@include(if: true) '.repeat(31)} }`],
    ['fields at the root', `{ ${'cursor '.repeat(41)} }`],
    ['tokens', `{ ${'cursor '.repeat(5000)} }`],
  ])('says of too much in %s by a code of its own what the limit is', async (_, query) => {
    const { status, errors } = await lab.ask(query);
    expect(status).toBe(400);
    const own = errors!.filter((e) => e.extensions.code === 'OPERATION_TOO_LARGE');
    expect(own).toHaveLength(1);
    expect((own[0]!.extensions as { limit?: number }).limit).toBeGreaterThan(0);
    expect(own[0]!.message).toMatch(/^the operation has .*: ask for less at a time$/);
  });

  it('leaves other errors of parsing and validation their codes', async () => {
    expect((await lab.ask('{ cursor')).errors![0]!.extensions.code).toBe('GRAPHQL_PARSE_FAILED');
    expect((await lab.ask('{ curser }')).errors![0]!.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  it('answers to its own names only, and its own page only', async () => {
    const { host } = new URL(lab.url);
    expect(await raw(`host: ${host}`)).toContain('200 OK');
    expect(await raw('host: evil.example')).toContain('403 Forbidden');
    expect(await raw(`host: ${host}\r\norigin: http://evil.example`)).toContain('403 Forbidden');
    expect(await raw(`host: ${host}\r\norigin: http://127.0.0.1:1`)).toContain('403 Forbidden');
    expect(await raw(`host: ${host}\r\norigin: http://${host}`)).toContain('200 OK');
  });

  it('is healthy, ready and measured', async () => {
    expect((await fetch(`${lab.url}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${lab.url}/readyz`)).json()).toEqual({ ready: true, because: [] });
    expect(await (await fetch(`${lab.url}/metrics`)).text()).toContain('minvar_gateway_read_model_lag 0');
    expect((await fetch(`${lab.url}/nothing`)).status).toBe(404);
  });

  it('listens elsewhere than on this machine only with a token, and then wants it', async () => {
    expect(() => createGateway({ ...lab.settings, host: '0.0.0.0' })).toThrow('MINVAR_TOKEN');
    const gateway = createGateway({ ...lab.settings, token: 'secret' });
    await gateway.start();
    try {
      const ask = (authorization?: string) =>
        fetch(`${gateway.url()}/graphql`, {
          method: 'POST',
          headers: { ...json, ...(authorization ? { authorization } : {}) },
          body: query,
        });
      expect((await ask()).status).toBe(401);
      expect((await ask('Bearer wrong')).status).toBe(401);
      expect((await ask('Bearer secret')).status).toBe(200);
    } finally {
      await gateway.stop();
    }
  });
});
