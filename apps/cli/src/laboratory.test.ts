import { describe, expect, it } from 'vitest';
import type { Context } from './context';
import { readEnvironment } from './environment';
import { laboratorySettings } from './laboratory';

describe('the settings of a laboratory', () => {
  it('take downloads from and to MINVAR_CACHE, which all homes share', async () => {
    const environment = readEnvironment({ MINVAR_CACHE: '/fast/cache', MINVAR_HOME: '/lab' }, '/tmp');
    const settings = await laboratorySettings({ environment } as Context, { home: '/other', port: 0, slots: 1 });
    expect(settings).toMatchObject({ home: '/other', cacheDir: '/fast/cache', dataDir: null, leaseSeconds: 30 });
  });
});
