// Every policy of the scheduler and of validation: whole small blocks under chosen interleavings, and with a death.
import { describe } from 'vitest';
import { policyConfigurations } from '../support/model-block.ts';
import { exploreConfiguration } from '../support/model-suite.ts';

describe('every schedule under every policy comes to what the sequential oracle says', () => {
  for (const configuration of policyConfigurations) exploreConfiguration(configuration, 2, 0.004);
});
