// The same as death.test.ts past a time limit, and for attempts from outside the core: the longest, on a thread of their own.
import { describe } from 'vitest';
import { deathConfigurations } from '../support/model-block.ts';
import { exploreConfiguration } from '../support/model-suite.ts';

describe('a worker may be lost at any step', () => {
  for (const configuration of deathConfigurations.slice(3)) exploreConfiguration(configuration, 3, 0.04);
});
