// The bound: the longest chain of dependent executions.
import { expect, test } from 'vitest';
import { DependencyChains, NOBODY } from '../../../src/core/host/bound.ts';

test('independent transactions make a chain of one', () => {
  const chains = new DependencyChains();
  for (const duration of [3, 5, 2]) chains.add(duration, []);
  expect(chains.sumMs).toBe(10);
  expect(chains.longestMs).toBe(5);
  expect(chains.path()).toEqual([{ index: 1, durationMs: 5, location: undefined }]);
});

test('the path goes through the dependency that is ready last', () => {
  const chains = new DependencyChains();
  chains.add(4, []);
  chains.add(1, []);
  chains.add(2, [
    { lower: 0, location: 7 },
    { lower: 1, location: 8 },
  ]);
  chains.add(1, [{ lower: 2, location: 9 }]);
  chains.add(6, [{ lower: 1, location: 8 }]);
  expect(chains.longestMs).toBe(7);
  expect(chains.path().map(({ index, location }) => [index, location])).toEqual([
    [0, undefined],
    [2, 7],
    [3, 9],
  ]);
});

test('a dependency that points up, or to nothing, is none', () => {
  const chains = new DependencyChains();
  chains.add(1, [{ lower: 0, location: 1 }]);
  chains.add(1, [{ lower: 5, location: 1 }]);
  expect(chains.longestMs).toBe(1);
});

test('of two lower transactions, the one that finishes last is the later one', () => {
  const chains = new DependencyChains();
  for (const duration of [3, 5, 2]) chains.add(duration, []);
  expect([chains.later(0, 1), chains.later(1, 2), chains.later(NOBODY, 2), chains.later(2, NOBODY)]).toEqual([
    1, 1, 2, 2,
  ]);
});

test('nothing has no path', () => {
  const chains = new DependencyChains();
  expect([chains.sumMs, chains.longestMs, chains.path()]).toEqual([0, 0, []]);
});
