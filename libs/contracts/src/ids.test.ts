import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalJson, classifyExit, decodeNumber, derivedId, encodeNumber, exitCodes, idKind } from './index';

describe('derived ids', () => {
  it('are the first 16 bytes of the SHA-256 with version 8 and the RFC 9562 variant', () => {
    const hex = createHash('sha256').update('["run","local","abc",null]').digest('hex');
    const id = derivedId('run', 'local', 'abc', null);
    expect(id.replaceAll('-', '').slice(4, 16)).toBe(hex.slice(0, 12));
    expect(id).toMatch(/^run_[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(derivedId('run', 'local', 'abc', null)).toBe(id);
    expect(derivedId('run', 'local', 'abc', 'nonce')).not.toBe(id);
  });
  it('tell their kind, and strangers tell none', () => {
    expect(idKind(derivedId('experiment', 'x'))).toBe('experiment');
    expect(idKind(derivedId('datasetVersion', 'x'))).toBe('datasetVersion');
    for (const s of [
      '',
      'run_',
      'run_123',
      'nope_00000000-0000-8000-8000-000000000000',
      '../run_00000000-0000-8000-8000-000000000000',
    ])
      expect(idKind(s)).toBeNull();
  });
});

describe('canonical JSON', () => {
  it('does not depend on the order of keys and leaves undefined out', () => {
    expect(canonicalJson({ b: 1, a: [{ d: undefined, c: 2 }] })).toBe('{"a":[{"c":2}],"b":1}');
    expect(canonicalJson({ a: [{ c: 2 }], b: 1 })).toBe(canonicalJson({ b: 1, a: [{ c: 2 }] }));
  });
  it('refuses numbers that JSON would lose', () => {
    expect(() => canonicalJson({ x: Number.NaN })).toThrow('NaN');
    expect(() => canonicalJson([Infinity])).toThrow('Infinity');
  });
});

describe('numbers on the wire', () => {
  it.each([0, -0.5, 1e300, Number.NaN, Infinity, -Infinity])('%d comes back', (x) => {
    expect(decodeNumber(JSON.parse(JSON.stringify(encodeNumber(x))))).toBe(x);
  });
});

describe('exit codes', () => {
  it('are distinct, and every one is classified as itself', () => {
    expect(new Set(Object.values(exitCodes).map((e) => e.code)).size).toBe(Object.keys(exitCodes).length);
    for (const [name, e] of Object.entries(exitCodes)) expect(classifyExit(e.code, null).name).toBe(name);
  });
  it('take a death by signal, or an unknown code, for infrastructure that may be tried again', () => {
    expect(classifyExit(null, 'SIGKILL')).toEqual({ name: 'infrastructure', failure: 'INFRASTRUCTURE', retry: true });
    expect(classifyExit(99, null).retry).toBe(true);
  });
});
