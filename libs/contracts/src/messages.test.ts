import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canonicalJson, messageByType, messages, runSpecSchema, topics } from './index';
import { exampleEnvelopes, exampleSpec } from './examples';

const recorded = JSON.parse(readFileSync(resolve(import.meta.dirname, '../recorded-messages-v1.json'), 'utf8')) as {
  type: string;
  data: unknown;
}[];

describe('messages', () => {
  it('all have a recorded example', () => {
    expect(recorded.map((r) => r.type).sort()).toEqual([...messageByType.keys()].sort());
  });
  it.each(recorded)('$type, as version 1 wrote it, still decodes to the same data', ({ type, data }) => {
    const decoded = messageByType.get(type)!.schema.parse(data);
    expect(canonicalJson(decoded)).toBe(canonicalJson(data));
  });
  it.each(exampleEnvelopes.map((e) => [e.type, e] as const))('%s survives JSON', (type, envelope) => {
    const schema = messageByType.get(type)!.schema;
    expect(schema.parse(JSON.parse(JSON.stringify(envelope.data)))).toEqual(envelope.data);
  });
  it('are unique by type, and name a topic that is declared', () => {
    const all = Object.values(messages);
    expect(new Set(all.map((m) => m.type)).size).toBe(all.length);
    for (const m of all) expect(topics.has(m.topic)).toBe(true);
  });
  it('keep commands and events for ever, metrics and logs for 7 days', () => {
    expect(topics.get('minvar.run.events.v1')!.retentionMs).toBeNull();
    expect(topics.get('minvar.run.commands.v1')!.retentionMs).toBeNull();
    expect(topics.get('minvar.run.metrics.v1')!.retentionMs).toBe(604_800_000);
  });
});

describe('run specs', () => {
  it('fill defaults and keep a complete spec as it is', () => {
    expect(runSpecSchema.parse(exampleSpec)).toEqual(exampleSpec);
    const small = runSpecSchema.parse({
      data: { name: 'mnist' },
      model: { name: 'linear' },
      method: { name: 'erm' },
      epochs: 1,
    });
    expect(small.optimizer).toEqual({ name: 'adamw', lr: 0.001, weightDecay: 0, schedule: 'constant' });
    expect(small.batchSize).toBe(128);
  });
  it.each([
    ['epochs', { epochs: Number.NaN }],
    ['epochs', { epochs: 0 }],
    ['batchSize', { batchSize: 1.5 }],
    ['seed', { seed: -1 }],
    ['optimizer', { optimizer: { lr: Number.POSITIVE_INFINITY } }],
    ['data', { data: { name: 'mnist', strength: 1.5 } }],
    ['method', { method: { name: 'mixup', alpha: Number.NaN } }],
    ['', { lerningRate: 1 }],
  ])('refuse a bad %s: %o', (path, change) => {
    const result = runSpecSchema.safeParse({ ...exampleSpec, ...change });
    expect(result.success).toBe(false);
    expect(result.error!.issues[0]!.path[0] ?? '').toBe(path);
  });
});
