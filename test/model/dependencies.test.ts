// Suspending, waking and claiming under chosen interleavings.
import { describe } from 'vitest';
import { long } from '../support/effort.ts';
import { dependencyConfigurations } from '../support/model-dependencies.ts';
import { exploreConfiguration } from '../support/model-suite.ts';

describe('no sleeper is forgotten', () => {
  for (const configuration of dependencyConfigurations) exploreConfiguration(configuration, long ? 4 : 3, 0.04);
});
