// The work-stealing deque under chosen interleavings.
import { describe } from 'vitest';
import { long } from '../support/effort.ts';
import { dequeConfigurations } from '../support/model-deque.ts';
import { exploreConfiguration } from '../support/model-suite.ts';

describe('no task is taken twice, and every task comes out as it went in', () => {
  for (const configuration of dequeConfigurations) exploreConfiguration(configuration, long ? 4 : 3, 0.04);
});
