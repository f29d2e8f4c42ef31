// State that stays from block to block, under chosen interleavings.
import { describe } from 'vitest';
import { residenceConfigurations } from '../support/model-residence.ts';
import { exploreConfiguration } from '../support/model-suite.ts';

describe('a state that stays is that of the blocks that were folded', () => {
  for (const configuration of residenceConfigurations) exploreConfiguration(configuration, 3, 0.02);
});
