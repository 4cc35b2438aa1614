import { describe, expect, it } from 'vitest';
import { StorageFullError } from '../errors';
import { createHealth } from './health';
import { createLogger } from './logger';
import { createMetrics } from './metrics';
import { createRepeats } from './repeats';

describe('the logger', () => {
  function capture(options: { secrets?: string[]; level?: 'debug' } = {}) {
    const lines: string[] = [];
    const logger = createLogger({ name: 'trainer', to: { write: (line) => void lines.push(line) }, ...options });
    return { logger, lines, last: () => JSON.parse(lines.at(-1)!) as Record<string, unknown> };
  }

  it('writes one JSON object a line with level, time, name and the ids of its children', () => {
    const { logger, lines, last } = capture();
    logger.child({ runId: 'run_1' }).warn({ step: 3 }, 'slow');
    expect(lines).toHaveLength(1);
    expect(last()).toMatchObject({ level: 'warn', name: 'trainer', runId: 'run_1', step: 3, msg: 'slow' });
    expect(Date.parse(String(last()['time']))).toBeGreaterThan(0);
  });

  it('says nothing below its level', () => {
    const { logger, lines } = capture();
    logger.debug('details');
    expect(lines).toEqual([]);
    const debug = capture({ level: 'debug' });
    debug.logger.debug('details');
    expect(debug.lines).toHaveLength(1);
  });

  it('hides fields named like a secret, at any depth, and passwords in URLs', () => {
    const { logger, lines } = capture();
    logger.info(
      {
        token: 'a1',
        s3: { accessKey: 'b2', list: [{ password: 'c3', Authorization: 'd4' }] },
        url: 'postgres://minvar:e5@db/x',
        cookie: null,
      },
      'to http://u:f6@host/',
    );
    for (const secret of ['a1', 'b2', 'c3', 'd4', 'e5', 'f6']) expect(lines[0]).not.toContain(secret);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      url: 'postgres://minvar:[hidden]@db/x',
      cookie: null,
      msg: 'to http://u:[hidden]@host/',
    });
  });

  it('hides the values it was told, also in messages of errors and when JSON writes them in another way', () => {
    const { logger, lines, last } = capture({ secrets: ['hunter2', 'quote"back\\slash', ''] });
    logger.error({ err: new Error('login as hunter2 refused'), config: { note: 'quote"back\\slash' } }, 'hunter2');
    expect(lines[0]).not.toContain('hunter2');
    expect(lines[0]).not.toContain('slash');
    expect(last()).toMatchObject({
      msg: '[hidden]',
      config: { note: '[hidden]' },
      err: { type: 'Error', message: 'login as [hidden] refused' },
    });
  });

  it('writes one of the many lines about a full disk, and how many were like it when a minute has passed', () => {
    let ms = 0;
    const repeats = createRepeats({ now: () => ms });
    const { logger, lines } = capture();
    const full = new StorageFullError('an event', '/home/events');
    logger.warn({ err: full }, 'a command failed; trying again');
    logger.warn({ error: 'ENOSPC: No space left on device' }, 'another words it in another way');
    logger.warn('something else');
    expect(lines.map((l) => (JSON.parse(l) as { msg: string }).msg)).toEqual([
      'a command failed; trying again',
      'something else',
    ]);
    const line = (n: number): string => `${JSON.stringify({ msg: `${n}: no space left in /home` })}\n`;
    expect([1, 2, 3].map((n) => repeats.pass(line(n)))).toEqual([line(1), null, null]);
    ms = 60_000;
    expect(JSON.parse(repeats.pass(line(4))!)).toEqual({ msg: '4: no space left in /home', alike: 2 });
    ms = 120_000;
    expect(repeats.pass(line(5))).toBe(line(5));
  });
});

describe('health', () => {
  it('names every check with its reason; liveness asks only what a restart mends', async () => {
    const health = createHealth();
    health.add('event log', 'ready', () => null);
    health.add('object store', 'ready', async () => 'it does not answer');
    health.add('read model', 'live', () => {
      throw new Error('corrupt');
    });
    health.started();
    expect(await health.live()).toEqual({ ok: false, checks: [{ name: 'read model', ok: false, because: 'corrupt' }] });
    expect(await health.ready()).toEqual({
      ok: false,
      checks: [
        { name: 'started', ok: true, because: null },
        { name: 'event log', ok: true, because: null },
        { name: 'object store', ok: false, because: 'it does not answer' },
        { name: 'read model', ok: false, because: 'corrupt' },
      ],
    });
  });

  it('is not ready before the start is complete, but alive', async () => {
    const health = createHealth();
    expect((await health.live()).ok).toBe(true);
    expect((await health.ready()).ok).toBe(false);
    health.started();
    expect((await health.ready()).ok).toBe(true);
  });

  it('counts a check that does not answer as failed', async () => {
    const health = createHealth({ timeoutMs: 10 });
    health.add('hanging', 'live', () => new Promise<null>(() => {}));
    expect((await health.live()).checks).toEqual([{ name: 'hanging', ok: false, because: 'no answer within 10 ms' }]);
  });

  it('refuses two checks of one name', () => {
    const health = createHealth();
    health.add('x', 'live', () => null);
    expect(() => health.add('x', 'ready', () => null)).toThrow("'x' already");
  });
});

describe('metrics', () => {
  it('are written in the Prometheus format with prefix, service and labels', async () => {
    const metrics = createMetrics({ service: 'trainer', ofProcess: false });
    metrics.counter('records_total', 'Records handled', ['topic']).inc({ topic: 'a' }, 2);
    metrics.gauge('lag', 'Records behind', [], (g) => g.set(7));
    metrics.histogram('append_seconds', 'Time of an append', [], [0.1, 1]).observe(0.5);
    const { contentType, body } = await metrics.text();
    expect(contentType).toContain('text/plain');
    expect(body).toContain('# TYPE minvar_records_total counter\nminvar_records_total{topic="a",service="trainer"} 2');
    expect(body).toContain('minvar_lag{service="trainer"} 7');
    expect(body).toContain('minvar_append_seconds_bucket{le="0.1",service="trainer"} 0');
    expect(body).toContain('minvar_append_seconds_bucket{le="1",service="trainer"} 1');
  });

  it('of two services in one process do not meet', async () => {
    const [a, b] = [
      createMetrics({ service: 'a', ofProcess: false }),
      createMetrics({ service: 'b', ofProcess: false }),
    ];
    a.counter('x_total', 'x').inc();
    b.counter('x_total', 'x').inc(5);
    expect((await a.text()).body).toContain('minvar_x_total{service="a"} 1');
    expect((await b.text()).body).toContain('minvar_x_total{service="b"} 5');
  });
});
