// Publishing, validating and committing: whole small blocks under chosen interleavings.
import { describe } from 'vitest';
import { long } from '../support/effort.ts';
import { blockConfigurations } from '../support/model-block.ts';
import { exploreConfiguration } from '../support/model-suite.ts';

describe('every schedule of a block comes to what the sequential oracle says', () => {
  for (const [at, configuration] of blockConfigurations.entries()) {
    exploreConfiguration(configuration, long && at === 0 ? 4 : 3, 0.05);
  }
});
