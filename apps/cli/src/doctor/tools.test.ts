import { describe, expect, it } from 'vitest';
import { checkDevice } from './tools';

describe('the device', () => {
  it('is this CPU with one step a run, or a GPU with steps compiled by XLA', () => {
    expect(checkDevice({ gpu: null, idleCard: null })).toMatchObject({
      level: 'ok',
      found: expect.stringContaining('one step a run') as string,
    });
    expect(checkDevice({ gpu: { model: 'NVIDIA H100', driver: '580', cudaDataDir: null }, idleCard: null })).toEqual({
      check: 'device',
      level: 'ok',
      found: 'NVIDIA H100, driver 580; training steps: compiled by XLA, up to 32 steps a run',
      wayOut: null,
    });
  });

  it('that lies idle is named with the way to use it', () => {
    const { level, found, wayOut } = checkDevice({ gpu: null, idleCard: 'NVIDIA H100, driver 580' });
    expect(level).toBe('warn');
    expect(found).toContain('NVIDIA H100, driver 580 is not used');
    expect(wayOut).toContain('setup.mjs --device cuda');
  });
});
