import { describe, expect, it } from 'vitest';
import { hangs, heard, startHangClock, stepped } from './hang-clock';

const floor = 15 * 60_000;

describe('a hung step', () => {
  it('is none within the floor, whatever the speed', () => {
    const clock = stepped(startHangClock(0), 1000, 1000);
    expect(hangs(clock, 1000 + floor, floor)).toBe(false);
    expect(hangs(clock, 1001 + floor, floor)).toBe(true);
  });

  it('is allowed twenty median steps when steps are slow', () => {
    let clock = startHangClock(0);
    for (let i = 1; i <= 5; i++) clock = stepped(clock, i, i * 60_000);
    expect(hangs(clock, 5 * 60_000 + 20 * 60_000, floor)).toBe(false);
    expect(hangs(clock, 5 * 60_000 + 20 * 60_000 + 1, floor)).toBe(true);
  });

  it('counts reports without progress as nothing', () => {
    const clock = stepped(startHangClock(0), 10, 1000);
    expect(stepped(clock, 10, 2000)).toBe(clock);
  });

  it('is none while a long evaluation tells that it goes on', () => {
    let clock = stepped(startHangClock(0), 10, 1000);
    for (let minute = 1; minute <= 60; minute++) clock = heard(clock, minute * 60_000);
    expect(hangs(clock, 60 * 60_000 + floor, floor)).toBe(false);
    expect(hangs(clock, 60 * 60_000 + floor + 1, floor)).toBe(true);
    expect(clock.perStep).toEqual([100]);
  });

  it('keeps the median over one slow first step', () => {
    let clock = stepped(startHangClock(0), 1, 10 * 60_000);
    for (let i = 2; i <= 10; i++) clock = stepped(clock, i, 10 * 60_000 + i * 10);
    expect(hangs(clock, 10 * 60_000 + 100 + floor + 1, floor)).toBe(true);
  });
});
