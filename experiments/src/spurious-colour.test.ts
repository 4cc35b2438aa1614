import { describe, expect, it } from 'vitest';
import { spuriousColour } from './spurious-colour';

describe('spurious-colour', () => {
  it('compares three methods at equal data, model and optimizer', () => {
    for (const preset of Object.values(spuriousColour.presets)) {
      for (const condition of new Set(preset.cells.map((c) => c.condition))) {
        const cells = preset.cells.filter((c) => c.condition === condition);
        expect(cells.map((c) => c.arm)).toEqual(['erm', 'label-smoothing', 'mixup']);
        expect(new Set(cells.map((c) => JSON.stringify({ ...c.spec, method: null }))).size).toBe(1);
      }
    }
  });

  it('is judged on seeds that exploration never sees', () => {
    for (const preset of Object.values(spuriousColour.presets)) expect(preset.firstSeed).toBeGreaterThanOrEqual(100);
  });

  it('has four primary endpoints a preset, all without jitter', () => {
    for (const name of Object.keys(spuriousColour.presets)) {
      const primary = spuriousColour.endpoints(name).filter((e) => e.primary);
      expect(primary).toHaveLength(4);
      expect(new Set(primary.map((e) => e.condition))).toEqual(new Set(['jitter 0']));
    }
  });
});
