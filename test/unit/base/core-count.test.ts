// The number of cores, where something else stands in for a page's navigator.

import { availableParallelism } from 'node:os';
import { afterEach, expect, test, vi } from 'vitest';
import { coreCount } from '../../../src/base/platform.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

test.each([
  ['null', null],
  ['empty', {}],
  ['of a page without cores', { hardwareConcurrency: 0 }],
  ['of no number', { hardwareConcurrency: Number.NaN }],
  ['of text', { hardwareConcurrency: 'many' }],
  [
    'one that throws',
    {
      get hardwareConcurrency() {
        return JSON.parse('');
      },
    },
  ],
])('with a navigator that is %s is what the machine says', (_, navigator) => {
  vi.stubGlobal('navigator', navigator);
  expect(coreCount()).toBe(availableParallelism());
});

test('is what the navigator says, where it does', () => {
  vi.stubGlobal('navigator', { hardwareConcurrency: 17 });
  expect(coreCount()).toBe(17);
});
