import { describe, expect, it } from 'vitest';
import { exampleEnvelopes, isReference, messageByType, objectKeys, sha256Hex } from './index';
import type { Reference } from './index';

const sha256 = sha256Hex('[]');
const reference: Reference = { key: objectKeys.blob(sha256), sha256, sizeBytes: 2, count: 0 };
const parts = exampleEnvelopes.flatMap((e) =>
  messageByType.get(e.type)!.large.map((part) => [e.type, part, e.data] as const),
);

describe('a part of a message by reference', () => {
  it.each(parts)('%s takes its %s in place and by reference', (type, part, data) => {
    const { schema } = messageByType.get(type)!;
    const at = { ...data, [part]: reference };
    expect(schema.parse(at)).toEqual(at);
    expect(schema.parse(data)).toEqual(data);
    expect(isReference((data as Record<string, unknown>)[part])).toBe(false);
  });
  it.each([
    ['another key', { ...reference, key: 'runs/x/head.json' }],
    ['no hash', { ...reference, sha256: 'x' }],
    ['a negative count', { ...reference, count: -1 }],
    ['more than a reference', { ...reference, url: 'http://x' }],
  ])('is refused with %s', (_, bad) => {
    const { schema } = messageByType.get('analysis.completed')!;
    const { data } = exampleEnvelopes.find((e) => e.type === 'analysis.completed')!;
    expect(isReference(bad)).toBe(false);
    expect(schema.safeParse({ ...data, metrics: bad }).success).toBe(false);
  });
});
