import { describe, expect, it } from 'vitest';
import { readEnvironment } from './environment';

describe('the gateway’s environment', () => {
  it('has defaults for all but the home', () => {
    expect(readEnvironment({ MINVAR_HOME: '/h' })).toEqual({
      home: '/h',
      port: 4000,
      host: '127.0.0.1',
      token: null,
      logLevel: 'info',
    });
  });

  it('names every bad variable at once, without the token', () => {
    const read = () => readEnvironment({ MINVAR_PORT: '99999', MINVAR_TOKEN: 'hunter2' });
    expect(read).toThrow(/MINVAR_HOME.*MINVAR_PORT is '99999'.*MINVAR_TOKEN is set/s);
    expect(read).not.toThrow(/hunter2/);
  });
});
