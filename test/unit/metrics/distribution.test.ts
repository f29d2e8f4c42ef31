// Quantiles of durations, against the sorted values.
import { expect, test } from 'vitest';
import { Durations } from '../../../src/metrics/distribution.ts';
import { Random } from '../../support/fuzz-random.ts';

test('quantiles are right to 4.5 %, whatever the spread', () => {
  const random = new Random(7);
  for (const spread of [0.1, 1, 5, 9]) {
    const durations = new Durations();
    const values = Array.from({ length: 2000 }, () => 10 ** ((random.below(1e6) / 1e6) * spread - 2));
    for (const value of values) durations.add(value);
    values.sort((a, b) => a - b);
    const { count, sum, minimum, maximum, mean, quantile } = durations.snapshot();
    expect([count, minimum, maximum]).toEqual([2000, values[0], values.at(-1)]);
    expect(mean).toBeCloseTo(sum / 2000, 9);
    for (const q of [0.01, 0.25, 0.5, 0.9, 0.99]) {
      const exact = values[Math.ceil(q * 2000) - 1]!;
      expect(Math.abs(quantile(q) / exact - 1), `${spread} ${q}`).toBeLessThan(0.046);
    }
    expect([quantile(0), quantile(1)]).toEqual([minimum, maximum]);
  }
});

test('no durations, none at all, and ones that never end', () => {
  const durations = new Durations();
  expect(durations.snapshot()).toMatchObject({ count: 0, sum: 0, minimum: 0, maximum: 0, mean: 0 });
  expect(durations.snapshot().quantile(0.5)).toBe(0);
  durations.add(0);
  durations.add(1e15);
  expect(durations.snapshot().quantile(0.1)).toBeLessThan(0.01);
  expect(durations.snapshot().quantile(1)).toBeGreaterThan(1e8);
  expect(() => durations.snapshot().quantile(1.5)).toThrow(RangeError);
});

test('a snapshot stays as it is', () => {
  const durations = new Durations();
  durations.add(5);
  const before = durations.snapshot();
  durations.add(500);
  expect(before.quantile(1)).toBeCloseTo(5, 0);
});
