// Blocks that cannot go on, under chosen interleavings.
import { describe } from 'vitest';
import { long } from '../support/effort.ts';
import { haltConfigurations } from '../support/model-halt.ts';
import { exploreConfiguration } from '../support/model-suite.ts';

describe('a block that cannot go on leaves a right prefix', () => {
  for (const configuration of haltConfigurations) exploreConfiguration(configuration, long ? 4 : 3, 0.02);
});
